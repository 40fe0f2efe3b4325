package devdb

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// trusted are PostgreSQL's extensions that the owner of a database may create since 13.
var trusted = []string{
	"bool_plperl", "btree_gin", "btree_gist", "citext", "cube", "dict_int", "fuzzystrmatch", "hstore", "hstore_plperl", "intarray", "isn",
	"jsonb_plperl", "lo", "ltree", "pg_trgm", "pgcrypto", "plperl", "pltcl", "seg", "tablefunc", "tcn", "tsm_system_rows", "tsm_system_time",
	"unaccent", "uuid-ossp",
}

// allowed returns the extensions that a server of the major version creates as a superuser: those of Config.Extensions,
// and before 13 the trusted ones.
func allowed(extensions []string, major int) []string {
	if major < 13 {
		return slices.Concat(extensions, trusted)
	}
	return extensions
}

// extensionsKey identifies everything about the extensions that a saved state may depend on. dir is the folder of the
// control files and scripts. All of them count, because an extension may require others.
func extensionsKey(extensions []string, dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, extensionSQL)
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(dir, e.Name())) // packages may install links
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%q %d %d\n", e.Name(), info.Size(), info.ModTime().UnixNano())
	}
	return fmt.Sprintf(" with %q of %x", slices.Compact(slices.Sorted(slices.Values(extensions))), h.Sum(nil)[:12]), nil
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
	c := parseCreateExtension(sql)
	if c.plain && slices.Contains(s.extensions, c.name) {
		run = c.call()
	}
	return run, func(err error) error { return s.explainExtension(err, c) }
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

// explainExtension adds advice to the error of a statement.
func (s *Server) explainExtension(err error, c createExtension) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	name, denied := pgsql.DeniedExtension(pg.Message)
	switch {
	case denied && pg.Code == pgsql.InsufficientPrivilege:
		if c.plain && !slices.Contains(s.extensions, c.name) {
			name = c.name // the message may be about one that it requires
		}
		switch {
		case !slices.Contains(s.extensions, name):
			return &extensionError{err, fmt.Sprintf("add %q to %s in atlas.hcl, which lists the extensions that dev servers create as a superuser", name, ExtensionsSetting)}
		case c.create:
			return &extensionError{err, fmt.Sprintf("write the statement in its simplest form: %s in atlas.hcl applies to %s", ExtensionsSetting, extensionForm)}
		}
		return &extensionError{err, fmt.Sprintf("run CREATE EXTENSION as a top-level statement: %s in atlas.hcl doesn't apply inside functions and DO blocks", ExtensionsSetting)}
	case pg.Code == pgsql.InsufficientPrivilege && strings.HasPrefix(pg.Message, "permission denied for language "):
		return &extensionError{err, fmt.Sprintf("only a superuser may create functions in this language: package them as an extension, and add it to %s in atlas.hcl", ExtensionsSetting)}
	case c.create && (pg.Code == pgsql.UndefinedFile || pg.Code == pgsql.FeatureNotSupported && strings.HasSuffix(pg.Message, " is not available")):
		return &extensionError{err, "install the extension's package on the dev server"}
	case c.create && pg.Code == pgsql.FeatureNotSupported && strings.Contains(pg.Message, " must be installed in schema "):
		return &extensionError{err, "leave out the SCHEMA clause"}
	case c.create && pg.Code == pgsql.ObjectInUse:
		return &extensionError{err, "create the extension before your functions and operators, or use its SCHEMA clause to put it in a schema that has none"}
	}
	return err
}

// extensionForm is the form of the statements that are replaced.
const extensionForm = "CREATE EXTENSION [IF NOT EXISTS] name [SCHEMA name] [VERSION 'version'] [CASCADE], with each option once"

// createExtension is a CREATE EXTENSION statement.
type createExtension struct {
	create bool // whether it is one
	plain  bool // whether it has extensionForm, so that the other fields are set

	name, schema, version string
	ifNotExists, cascade  bool
}

func parseCreateExtension(sql string) (c createExtension) {
	const first = "CREATE"
	if len(sql) < len(first) || !strings.EqualFold(sql[:len(first)], first) {
		return c
	}
	words := pgsql.Words(pgsql.Tokens(sql))
	accept := func(seq ...string) bool {
		if !words.Starts(0, seq...) {
			return false
		}
		words = words[len(seq):]
		return true
	}
	name := func(to *string) bool {
		text, next, ok := words.Ident(0)
		if !ok || *to != "" || text == "" {
			return false
		}
		*to, words = text, words[next:]
		return true
	}
	if c.create = accept(first, "EXTENSION"); !c.create {
		return c
	}
	c.ifNotExists = accept("IF", "NOT", "EXISTS")
	if !name(&c.name) {
		return c
	}
	accept("WITH")
	for len(words) > 0 {
		ok := false
		switch {
		case accept("SCHEMA"):
			ok = name(&c.schema)
		case accept("VERSION"):
			if text, is := plainString(words); is && c.version == "" {
				c.version, words, ok = text, words[1:], text != ""
			} else {
				ok = name(&c.version)
			}
		case accept("CASCADE"):
			ok, c.cascade = !c.cascade, true
		}
		if !ok {
			return c
		}
	}
	c.plain = true
	return c
}

// plainString returns the value of the string that the words begin with. ok is false if it isn't one, or has escapes or
// continuations.
func plainString(words pgsql.Words) (text string, ok bool) {
	if len(words) == 0 || words[0].Kind != pgsql.String || words[0].Text[0] != '\'' {
		return "", false
	}
	text = strings.ReplaceAll(words[0].Text[1:len(words[0].Text)-1], "''", "\x00")
	return strings.ReplaceAll(text, "\x00", "'"), !strings.Contains(text, "'")
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
