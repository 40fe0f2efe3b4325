package state

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/schemahcl"
)

// Inspect returns the schema of a live database as HCL, without the record's tables and what opts excludes. A comment
// at the top counts the objects that HCL can't express. Inspect fails if there are tables that the role may not see. If
// another session has a table locked for longer than [InspectTimeout], the error is a *LockedError.
//
// If check isn't nil, comments at the top name the differences that it finds, or say why it found none.
func Inspect(ctx context.Context, cfg *pgx.ConnConfig, opts catalog.Options, check Check) ([]byte, error) {
	db, err := connect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer db.close()
	hcl, err := inspectLive(ctx, db, opts, check)
	if pgsql.SQLState(err) == pgsql.LockNotAvailable {
		return nil, Locked(ctx, db.native, err)
	}
	return hcl, err
}

// A Check returns how what hcl declares differs from the live database that it describes.
type Check func(ctx context.Context, live *State, hcl []byte) ([]catalog.Difference, error)

// CheckOn returns a Check that creates what hcl declares, on a dev server that it starts, and compares the catalogs.
// Unmanaged properties of the live database don't count.
func CheckOn(start func(context.Context) (*devdb.Server, error)) Check {
	return func(ctx context.Context, live *State, hcl []byte) ([]catalog.Difference, error) {
		srv, err := start(ctx)
		if err != nil {
			return nil, err
		}
		return checkInspected(ctx, srv, live, hcl)
	}
}

// publicComment is the comment that the schema public has in a new database.
const publicComment = "standard public schema"

// InspectTimeout is how long Inspect waits for a table that another session has locked.
const InspectTimeout = 2 * time.Second

// A LockedError means that another session has locked a table.
type LockedError struct {
	Holders []string // "pid 7, user me, application psql, which has locked public.users"
	Err     error
}

func (e *LockedError) Error() string {
	if len(e.Holders) == 0 {
		return fmt.Sprintf("another session has locked a table: %v; try again", e.Err)
	}
	return fmt.Sprintf("waited %s for %s: %v; try again", InspectTimeout, strings.Join(e.Holders, " and "), e.Err)
}

func (e *LockedError) Unwrap() error { return e.Err }

// Locked returns a *LockedError for err, with the sessions that have locked a table.
func Locked(ctx context.Context, conn *pgx.Conn, err error) error {
	e := &LockedError{Err: err}
	rows, err := conn.Query(ctx, `
SELECT pg_catalog.format('pid %s, user %s, application %s, which has locked %s', l.pid, a.usename, a.application_name,
       pg_catalog.string_agg(DISTINCT c.relnamespace::regnamespace || '.' || pg_catalog.quote_ident(c.relname), ', '))
  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE l.granted AND l.mode = 'AccessExclusiveLock' AND c.oid >= 16384
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
 GROUP BY l.pid, a.usename, a.application_name ORDER BY l.pid`)
	if err == nil {
		e.Holders, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return errors.Join(e, err)
	}
	return e
}

func inspectLive(ctx context.Context, db *session, opts catalog.Options, check Check) ([]byte, error) {
	if _, err := db.native.Exec(ctx, fmt.Sprintf("SET lock_timeout = %d", InspectTimeout.Milliseconds())); err != nil {
		return nil, fmt.Errorf("setting lock_timeout: %w", err)
	}
	c, err := catalog.Read(ctx, db.native, opts)
	if err != nil {
		return nil, err
	}
	if err := refuseHidden(ctx, db.native, c); err != nil {
		return nil, err
	}
	realm, err := inspect(ctx, db, c, opts)
	if err != nil {
		return nil, err
	}
	removeRecord(realm, opts)
	if s, ok := realm.Schema("public"); ok {
		s.Attrs = slices.DeleteFunc(s.Attrs, func(a schema.Attr) bool {
			c, ok := a.(*schema.Comment)
			return ok && c.Text == publicComment
		})
	}
	hcl, err := schemahcl.Marshal(realm)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	others, err := outside(ctx, db.native, c, func(catalog.Line) bool { return true })
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		fmt.Fprintf(&out, "# Outside this file, because HCL cannot express it: %s\n", catalog.Escape(o.String()))
	}
	if check != nil {
		differences, err := check(ctx, &State{db: db, Catalog: c, opts: opts}, hcl)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			reason := err.Error()
			if wrong := (*schemahcl.Error)(nil); errors.As(err, &wrong) {
				reason = wrong.Msg // the position is without this comment
			}
			fmt.Fprintf(&out, "# Not checked whether this file creates the same schema: %s\n", catalog.Escape(reason))
		}
		for _, d := range differences {
			fmt.Fprintf(&out, "# Different in a database created from this file: %s\n", catalog.Escape(d.Text))
		}
	}
	if out.Len() > 0 {
		out.WriteByte('\n')
	}
	out.Write(hcl)
	return out.Bytes(), nil
}

func checkInspected(ctx context.Context, srv *devdb.Server, live *State, hcl []byte) ([]catalog.Difference, error) {
	s, err := New(ctx, srv, live.opts)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	doc, err := schemahcl.Parse("schema.hcl", hcl)
	if err != nil {
		return nil, err
	}
	s.createExtensions(ctx, live.Catalog)
	s.createTypes(ctx, live.Catalog)
	if err := s.createSequences(ctx, live.Catalog); err != nil {
		return nil, err
	}
	on, err := s.strip(ctx, doc.Realm)
	if err != nil {
		return nil, err
	}
	if err := s.build(ctx, doc, on); err != nil {
		return nil, err
	}
	if _, err := carryOver(ctx, live, s); err != nil {
		return nil, err
	}
	want, _ := Split(live.Catalog)
	have, _ := Split(s.Catalog)
	isManaged := func(l catalog.Line) bool { return !isExclusion(l) } // it may need a function that is missing here
	return catalog.Diff(want.Filter(isManaged), have.Filter(isManaged)), nil
}

// createExtensions creates the extensions of c, for their types and operators, as far as the dev server has them.
func (s *State) createExtensions(ctx context.Context, c catalog.Catalog) {
	for l := range c.All() {
		in, ok := strings.CutPrefix(l.Def, "schema ")
		if l.Kind != "extension" || l.Comment || !ok {
			continue
		}
		run, _ := s.srv.Statement("CREATE EXTENSION IF NOT EXISTS " + l.Name + " SCHEMA " + in + " CASCADE")
		// What is missing without it is reported.
		_ = s.db.run.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+in)
		_ = s.db.run.Exec(ctx, run)
	}
}

// createTypes creates the types and functions of c that columns and defaults may need, each as soon as it can be. What
// can't be created here, such as a function in another language, is reported by what needs it.
func (s *State) createTypes(ctx context.Context, c catalog.Catalog) {
	stmts := []string{"SET check_function_bodies = off"}
	for l := range c.All() {
		if sql := createType(l); sql != "" && !l.Comment {
			stmts = append(stmts, sql)
		}
	}
	for before := len(stmts) + 1; len(stmts) > 0 && len(stmts) < before; {
		before = len(stmts)
		stmts = slices.DeleteFunc(stmts, func(sql string) bool { return s.db.run.Exec(ctx, sql) == nil })
	}
	_ = s.db.run.Exec(ctx, "RESET check_function_bodies")
}

// createType returns the statement that creates a type or a function, or "" for other lines.
func createType(l catalog.Line) string {
	switch l.Kind {
	case "schema":
		return "CREATE SCHEMA IF NOT EXISTS " + l.Name
	case "enum":
		return "CREATE TYPE " + l.Name + " AS ENUM " + l.Def
	case "composite":
		return "CREATE TYPE " + l.Name + " AS " + l.Def
	case "range":
		def := strings.Replace(l.Def, ", collate ", ", collation ", 1)
		return "CREATE TYPE " + l.Name + " AS RANGE (" + regexp.MustCompile(`(^|, )(\w+) `).ReplaceAllString(def, "$1$2 = ") + ")"
	case "domain":
		return "CREATE DOMAIN " + l.Name + " AS " + l.Def
	case "domain constraint":
		domain, name := catalog.CutName(l.Name)
		return "ALTER DOMAIN " + domain + " ADD CONSTRAINT " + name + " " + l.Def
	case "function", "procedure":
		return l.Def
	}
	return ""
}

// createSequences creates the sequences of c that aren't a serial column's, because defaults may use them.
func (s *State) createSequences(ctx context.Context, c catalog.Catalog) error {
	for _, q := range Sequences(c) {
		if q.Serial {
			continue
		}
		sql := "CREATE SCHEMA IF NOT EXISTS " + pgsql.Ident(q.Schema()) + "; CREATE SEQUENCE " + q.Name + " AS " + q.Type + " " + q.Options
		if err := s.db.run.Exec(ctx, sql); err != nil {
			return fmt.Errorf("creating sequence %s: %w", q.Name, err)
		}
	}
	return s.Refresh(ctx)
}

// refuseHidden returns an error if the session's role has no privileges on some tables of c. The engine reads tables
// and columns from information_schema, which hides those, unlike pg_catalog.
func refuseHidden(ctx context.Context, conn *pgx.Conn, c catalog.Catalog) error {
	var role string
	var tables []string
	err := conn.QueryRow(ctx, `
		SELECT pg_catalog.quote_ident(current_user), ARRAY(
			SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.relname)
			FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
			WHERE t.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = t.oid)
				AND NOT pg_catalog.pg_has_role(t.relowner, 'USAGE')
				AND NOT pg_catalog.has_table_privilege(t.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
				AND NOT COALESCE((SELECT bool_and(pg_catalog.has_column_privilege(t.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'))
					FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped), false)
			ORDER BY 1)`).Scan(&role, &tables)
	if err != nil {
		return fmt.Errorf("looking for tables that are hidden from the role: %w", err)
	}
	hidden := slices.DeleteFunc(tables, func(name string) bool {
		_, ok := c.Def("table", name)
		return !ok
	})
	if len(hidden) == 0 {
		return nil
	}
	const shown = 5
	list := strings.Join(hidden[:min(len(hidden), shown)], ", ")
	if more := len(hidden) - shown; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Errorf("role %s may not see all of %s: grant it SELECT on these tables, or inspect as their owner", role, list)
}

// inspect reads the schema of the database whose catalog is c.
func inspect(ctx context.Context, db *session, c catalog.Catalog, opts catalog.Options) (*schema.Realm, error) {
	drv, err := db.atlas()
	if err != nil {
		return nil, err
	}
	exclude := slices.Clone(opts.Exclude)
	for _, t := range recordTables(opts) {
		exclude = append(exclude, fmt.Sprintf(`"%s"."%s"`, t[0], t[1]))
	}
	var r *schema.Realm
	err = catalog.Printing(ctx, db.native, func() (err error) {
		r, err = drv.InspectRealm(ctx, &schema.InspectRealmOption{Exclude: exclude})
		if err != nil {
			return fmt.Errorf("inspecting the schema: %w", err)
		}
		if err := removeMembers(ctx, drv, r); err != nil {
			return fmt.Errorf("inspecting extensions: %w", err)
		}
		if err := schemahcl.Complete(ctx, drv, r, serialIn(c)); err != nil {
			return fmt.Errorf("inspecting what the engine doesn't read: %w", err)
		}
		return nil
	})
	return r, err
}

// recordTables returns the two tables of the record.
func recordTables(opts catalog.Options) []tableName {
	return []tableName{
		{cmp.Or(opts.AlembicSchema, "public"), "alembic_version"},
		{cmp.Or(opts.JournalSchema, "public"), "atlas_schema_revisions"},
	}
}

// removeRecord removes from r the schemas that contain only the record, because the first apply creates them, not a
// migration.
func removeRecord(r *schema.Realm, opts catalog.Options) {
	r.Schemas = slices.DeleteFunc(r.Schemas, func(s *schema.Schema) bool {
		return s.Name != "public" && (s.Name == opts.AlembicSchema || s.Name == opts.JournalSchema) &&
			len(s.Tables) == 0 && len(s.Objects) == 0
	})
}

// removeMembers removes from r the members of extensions, which are created and dropped with their extension.
func removeMembers(ctx context.Context, q schema.ExecQuerier, r *schema.Realm) error {
	rows, err := q.QueryContext(ctx, `
		SELECT n.nspname, c.relname, false FROM pg_depend d
		JOIN pg_class c ON c.oid = d.objid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND c.relkind IN ('r', 'p')
		UNION ALL
		SELECT n.nspname, t.typname, true FROM pg_depend d
		JOIN pg_type t ON t.oid = d.objid JOIN pg_namespace n ON n.oid = t.typnamespace
		WHERE d.classid = 'pg_type'::regclass AND d.deptype = 'e' AND t.typtype = 'e'`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var ns, name string
		var enum bool
		if err := rows.Scan(&ns, &name, &enum); err != nil {
			return err
		}
		s, ok := r.Schema(ns)
		switch {
		case !ok:
		case enum:
			s.Objects = slices.DeleteFunc(s.Objects, func(o schema.Object) bool {
				e, ok := o.(*schema.EnumType)
				return ok && e.T == name
			})
		default:
			s.Tables = slices.DeleteFunc(s.Tables, func(t *schema.Table) bool { return t.Name == name })
		}
	}
	return rows.Err()
}
