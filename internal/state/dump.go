package state

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Dump returns the statements that create the state. If pg_dump is missing, the engine writes them, and noDump is the
// reason.
func (s *State) Dump(ctx context.Context) (sql string, noDump, err error) {
	dump, err := s.DB.Dump(ctx)
	var missing *devdb.NoDumpError
	switch {
	case errors.As(err, &missing):
		sql, err = s.engineSQL(ctx)
		return sql, missing, err
	case err != nil:
		return "", nil, err
	}
	stmts, err := DumpStatements(dump)
	if err != nil {
		return "", nil, err
	}
	d, err := describe(ctx, s.Conn(), s.DB.ConnConfig().User, stmts)
	if err != nil {
		return "", nil, err
	}
	var b strings.Builder
	for _, stmt := range stmts {
		if text := d.stmt(stmt.Text); text != "" {
			b.WriteString("\n" + text + ";\n")
		}
	}
	filled, err := filledViews(ctx, s.Conn())
	if err != nil {
		return "", nil, err
	}
	for _, name := range filled {
		b.WriteString("\nREFRESH MATERIALIZED VIEW " + name + ";\n")
	}
	return b.String(), nil, nil
}

// DumpSettings are the statements that must precede those of a dump: they qualify all names but PostgreSQL's own, as
// pg_dump does, and functions may come before what they use.
const DumpSettings = "SELECT pg_catalog.set_config('search_path', '', true);\nSET LOCAL check_function_bodies = false;\n"

// stripMeta removes the psql commands with a random key from pg_dump's output: the first \restrict and the last
// \unrestrict.
func stripMeta(dump string) string {
	lines := strings.SplitAfter(dump, "\n")
	if i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, `\restrict `) }); i >= 0 {
		lines[i] = ""
	}
	for i, l := range slices.Backward(lines) {
		if strings.HasPrefix(l, `\unrestrict `) {
			lines[i] = ""
			break
		}
	}
	return strings.Join(lines, "")
}

// sessionSettings are the settings that pg_dump writes for its own session. Migrations have theirs.
var sessionSettings = []string{
	"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout",
	"client_encoding", "standard_conforming_strings", "check_function_bodies", "xmloption", "client_min_messages", "row_security",
}

const accessMethod = "SET default_table_access_method = "

// publicOpened are the statements that pg_dump writes before PostgreSQL 15 for the schema public of a dev database,
// because the schema has another owner there. Together they do nothing.
var publicOpened = []string{"REVOKE ALL ON SCHEMA public FROM PUBLIC", "GRANT ALL ON SCHEMA public TO PUBLIC"}

// dumped describes the database whose dump is rewritten.
type dumped struct {
	owner    string          // the role that owns everything, or will: grants to it mean nothing
	roles    []string        // owner, and the server's bootstrap superuser
	opened   bool            // whether the dump contains both of publicOpened
	comments map[string]bool // redundant comments on extensions, which only their owner may write
	heap     bool            // whether all tables have the default access method
}

// describe describes the database of conn, whose dump has the statements.
func describe(ctx context.Context, conn *pgx.Conn, owner string, stmts []pgsql.Stmt) (d dumped, err error) {
	d.owner = pgsql.Ident(owner)
	if d.comments, err = extensionComments(ctx, conn); err != nil {
		return d, err
	}
	roles, err := relationNames(ctx, conn, "SELECT rolname FROM pg_catalog.pg_roles WHERE oid = 10 OR rolname = current_user")
	if err != nil {
		return d, err
	}
	for _, r := range roles {
		d.roles = append(d.roles, pgsql.Ident(r))
	}
	has := func(text string) bool {
		return slices.ContainsFunc(stmts, func(s pgsql.Stmt) bool { return s.Text == text })
	}
	d.opened = !slices.ContainsFunc(publicOpened, func(text string) bool { return !has(text) })
	d.heap = !slices.ContainsFunc(stmts, func(s pgsql.Stmt) bool {
		return strings.HasPrefix(s.Text, accessMethod) && s.Text != accessMethod+"heap"
	})
	return d, nil
}

// stmt returns a statement of pg_dump in the form for a migration, or "" to omit it.
func (d dumped) stmt(stmt string) string {
	tokens := pgsql.Tokens(stmt)
	word := func(i int) string {
		if i >= len(tokens) {
			return ""
		}
		return strings.ToUpper(tokens[i].Text)
	}
	switch {
	case word(0) == "SELECT" && strings.HasPrefix(stmt, "SELECT pg_catalog.set_config('search_path', ''"):
		return ""
	case word(0) == "SET":
		if slices.Contains(sessionSettings, strings.ToLower(word(1))) || d.heap && strings.HasPrefix(stmt, accessMethod) {
			return ""
		}
		return "SET LOCAL" + strings.TrimPrefix(stmt, "SET")
	case word(0) == "CREATE" && word(1) == "SCHEMA":
		// The schema of the record's tables exists if the tool had to create it.
		if word(2) == "PUBLIC" {
			return ""
		}
		return "CREATE SCHEMA IF NOT EXISTS" + strings.TrimPrefix(stmt, "CREATE SCHEMA")
	case word(0) == "COMMENT" && d.comments[stmt]:
		return ""
	case word(0) == "ALTER" && word(1) == "DEFAULT" && word(2) == "PRIVILEGES":
		return strings.Replace(stmt, "FOR ROLE "+d.owner+" ", "", 1)
	case word(0) == "GRANT" || word(0) == "REVOKE":
		if d.opened && slices.Contains(publicOpened, stmt) ||
			slices.ContainsFunc(pgsql.Stmt{Text: stmt}.Roles(), func(role string) bool { return slices.Contains(d.roles, pgsql.Ident(role)) }) {
			return ""
		}
	}
	return stmt
}

// engineSQL returns the statements that Atlas's engine plans for an empty database.
func (s *State) engineSQL(ctx context.Context) (string, error) {
	empty, err := New(ctx, s.srv, s.opts)
	if err != nil {
		return "", err
	}
	defer empty.Close()
	have, err := empty.Realm(ctx)
	if err != nil {
		return "", err
	}
	want, err := s.Realm(ctx)
	if err != nil {
		return "", err
	}
	drv, err := empty.Driver()
	if err != nil {
		return "", err
	}
	changes, err := drv.RealmDiff(have, want, schema.DiffNormalized())
	if err != nil {
		return "", &EngineError{err}
	}
	planned, err := empty.Plan(ctx, changes)
	if err != nil {
		return "", &EngineError{err}
	}
	var b strings.Builder
	for _, c := range planned {
		b.WriteString("\n" + c.Cmd + ";\n")
	}
	return b.String(), nil
}

// extensionComments returns the statements that pg_dump writes for the comments that extensions have by default.
func extensionComments(ctx context.Context, conn *pgx.Conn) (map[string]bool, error) {
	rows, err := conn.Query(ctx, `
SELECT pg_catalog.format('COMMENT ON EXTENSION %I IS %L', e.extname, a.comment)
  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_available_extensions a ON a.name = e.extname
 WHERE a.comment IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("reading extensions: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("reading extensions: %w", err)
	}
	comments := make(map[string]bool)
	for _, c := range all {
		comments[c] = true
	}
	return comments, nil
}

// filledViews returns the populated materialized views, the oldest first.
func filledViews(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	return relationNames(ctx, conn, `
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'm' AND c.relispopulated AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
 ORDER BY c.oid`)
}

// FilledTables returns the tables that have rows, as qualified, quoted names.
func (s *State) FilledTables(ctx context.Context) ([]string, error) {
	tables, err := relationNames(ctx, s.Conn(), `
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	var filled []string
	for _, t := range tables {
		var has bool
		if err := s.Conn().QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+t+")").Scan(&has); err != nil {
			return nil, fmt.Errorf("looking for rows in %s: %w", t, err)
		}
		if has {
			filled = append(filled, t)
		}
	}
	return filled, nil
}

func relationNames(ctx context.Context, conn *pgx.Conn, sql string) ([]string, error) {
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("listing relations: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("listing relations: %w", err)
	}
	return all, nil
}
