package devdb

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Migrations don't run as a superuser, so they can't create most extensions. For those in Config.Extensions each
// database has a function with a superuser's rights, which replaces their CREATE EXTENSION. So an extension appears in
// a database when the migration's statement runs, in its transaction. The function is in pg_catalog, where nothing that
// reads a schema sees it.

// ExtensionsSetting is the name of the list of extensions in atlas.hcl.
const ExtensionsSetting = "dev_extensions"

//go:embed extension.sql
var extensionSQL string

// stateKey returns the name under which a state is saved. With other extensions the same files may lead to another
// state.
func stateKey(state string, extensions []string) string {
	if len(extensions) == 0 {
		return state
	}
	return fmt.Sprintf("%s with %q", state, slices.Compact(slices.Sorted(slices.Values(extensions))))
}

// allowExtensions creates the function in a database.
func (s *Server) allowExtensions(ctx context.Context, database string) error {
	if len(s.extensions) == 0 {
		return nil
	}
	names := make([]string, len(s.extensions))
	for i, name := range s.extensions {
		names[i] = pgsql.Literal(name)
	}
	cfg := s.admin.Copy()
	cfg.Database = database
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.PgConn().Exec(ctx, strings.Replace(extensionSQL, "$allowed", "ARRAY["+strings.Join(names, ", ")+"]", 1)).ReadAll()
	return err
}

// Statement returns the statement to run instead of a migration's, which is another one if it creates an extension of
// Config.Extensions. explain returns the error of the statement, with advice if it is about a superuser's rights.
func (s *Server) Statement(sql string) (run string, explain func(error) error) {
	run = sql
	c, ok := parseCreateExtension(sql)
	if ok && slices.Contains(s.extensions, c.name) {
		run = c.call()
	}
	return run, func(err error) error { return s.explainExtension(err, ok) }
}

// An extensionError is an error with advice about extensions.
type extensionError struct {
	err    error
	advice string
}

func (e *extensionError) Error() string { return e.err.Error() }
func (e *extensionError) Unwrap() error { return e.err }

// Advice says what to do.
func (e *extensionError) Advice() string { return e.advice }

// explainExtension adds advice to the error of a statement. creates is whether that is CREATE EXTENSION.
func (s *Server) explainExtension(err error, creates bool) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	const denied = `permission denied to create extension "`
	switch {
	case pg.Code == pgsql.InsufficientPrivilege && strings.HasPrefix(pg.Message, denied):
		name := strings.TrimSuffix(strings.TrimPrefix(pg.Message, denied), `"`)
		if slices.Contains(s.extensions, name) {
			return &extensionError{err, fmt.Sprintf("run CREATE EXTENSION as a top-level statement: %s in atlas.hcl doesn't apply inside functions and DO blocks", ExtensionsSetting)}
		}
		return &extensionError{err, fmt.Sprintf("add %q to %s in atlas.hcl, which lists the extensions that dev servers create as a superuser", name, ExtensionsSetting)}
	case pg.Code == pgsql.InsufficientPrivilege && strings.HasPrefix(pg.Message, "permission denied for language "):
		return &extensionError{err, fmt.Sprintf("only a superuser may create functions in this language: package them as an extension, and add it to %s in atlas.hcl", ExtensionsSetting)}
	case creates && (pg.Code == pgsql.UndefinedFile || pg.Code == pgsql.FeatureNotSupported):
		return &extensionError{err, "install the extension's package on the dev server"}
	case creates && pg.Code == pgsql.ObjectInUse:
		return &extensionError{err, "create the extension before your functions and operators, or use its SCHEMA clause to put it in a schema that has none"}
	}
	return err
}

// createExtension is a CREATE EXTENSION statement.
type createExtension struct {
	name, schema, version string
	ifNotExists, cascade  bool
}

// parseCreateExtension reads a statement. ok is false if it is another one, or not valid.
func parseCreateExtension(sql string) (c createExtension, ok bool) {
	const longest = 4096
	if len(sql) > longest || len(sql) < len("CREATE") || !strings.EqualFold(sql[:len("CREATE")], "CREATE") {
		return c, false
	}
	tokens := pgsql.Tokens(sql)
	word := func(words ...string) bool {
		for i, w := range words {
			if i >= len(tokens) || tokens[i].Kind != pgsql.Word || !strings.EqualFold(tokens[i].Text, w) {
				return false
			}
		}
		tokens = tokens[len(words):]
		return true
	}
	name := func() (text string, ok bool) {
		if len(tokens) == 0 {
			return "", false
		}
		t := tokens[0]
		tokens = tokens[1:]
		switch {
		case t.Kind == pgsql.Word:
			return strings.ToLower(t.Text), true
		case t.Kind == pgsql.QuotedIdent && t.Text[0] == '"':
			return pgsql.Unquote(t.Text), true
		}
		return "", false
	}
	if !word("CREATE", "EXTENSION") {
		return c, false
	}
	c.ifNotExists = word("IF", "NOT", "EXISTS")
	if c.name, ok = name(); !ok {
		return c, false
	}
	word("WITH")
	for len(tokens) > 0 {
		switch {
		case word("SCHEMA"):
			c.schema, ok = name()
		case word("VERSION"):
			if len(tokens) > 0 && tokens[0].Kind == pgsql.String && tokens[0].Text[0] == '\'' {
				c.version, tokens = strings.ReplaceAll(strings.Trim(tokens[0].Text, "'"), "''", "'"), tokens[1:]
			} else {
				c.version, ok = name()
			}
		case word("CASCADE"):
			c.cascade = true
		default:
			return c, false
		}
		if !ok {
			return c, false
		}
	}
	return c, true
}

// call returns the statement that calls the function.
func (c createExtension) call() string {
	orNull := func(s string) string {
		if s == "" {
			return "NULL"
		}
		return pgsql.Literal(s)
	}
	return fmt.Sprintf("SELECT pg_catalog.ibutsu_schema_create_extension(%s, %t, %s, %s, %t, CURRENT_USER::pg_catalog.text, pg_catalog.current_schema()::pg_catalog.text)",
		pgsql.Literal(c.name), c.ifNotExists, orNull(c.schema), orNull(c.version), c.cascade)
}
