// Package revision keeps the record of what was applied to a database: Alembic's table alembic_version, and the
// journal, which is Atlas's table atlas_schema_revisions. Both tools can still read them.
//
// [Store] reads and writes the two tables. [Judge] says what they mean for a directory of migrations: which position
// the database is at, what must be repaired in the record, or why the position is unknown and what to do.
package revision

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgtype/zeronull"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

const (
	alembicTable = "alembic_version"
	journalTable = "atlas_schema_revisions"

	// cloudRow is the row in which newer Atlas CLIs keep the id of their table.
	cloudRow = ".atlas_cloud_identifier"
)

// Lengths of alembic_version.version_num: in the table that Alembic creates, and in ours if a revision id is longer.
const (
	MaxID  = 32
	LongID = 255
)

// Querier is a *pgx.Conn or a pgx.Tx.
type Querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// Store reads and writes the two tables in these schemas.
type Store struct {
	AlembicSchema string // schema of alembic_version; "" is public
	JournalSchema string // schema of atlas_schema_revisions; "" is public
}

// Record is the content of the two tables.
type Record struct {
	HasAlembic bool     // the table alembic_version exists
	Alembic    []string // its rows, sorted
	// Width is how many characters a revision id may have in alembic_version, 0 for any number. If the table doesn't
	// exist, Create gives it this width, by default MaxID.
	Width      int
	HasJournal bool                // the table atlas_schema_revisions exists
	Journal    []*migrate.Revision // its rows by version, without cloudRow
	Elsewhere  []string            // tables of these names in other schemas: "app.alembic_version"

	schemas []string // of the two tables that the tool may have created
}

// Without returns the catalog without the schemas of the record's tables. If no migration creates them, the tool does,
// so comparisons ignore them.
func (r Record) Without(c catalog.Catalog) catalog.Catalog {
	if len(r.schemas) == 0 {
		return c
	}
	return c.Filter(func(l catalog.Line) bool {
		return l.Kind != "schema" || l.Comment || l.Def != "" || !slices.Contains(r.schemas, pgsql.Unquote(l.Name))
	})
}

// A ShapeError means that a table has the name of one of the two but not its columns.
type ShapeError struct {
	Table string // schema.name
	Why   string
}

func (e *ShapeError) Error() string {
	return fmt.Sprintf("%s isn't the table that records migrations: %s; rename it, or set another schema for the record in atlas.hcl (alembic_version_schema, revisions_schema)", e.Table, e.Why)
}

// A ConflictError means that another session changed alembic_version.
type ConflictError struct {
	Want string   // the revision id that should have been its one row; "" for no row
	Have []string // its rows
}

func (e *ConflictError) Error() string {
	have := "no row"
	if len(e.Have) > 0 {
		have = quoteAll(e.Have)
	}
	want := "no row"
	if e.Want != "" {
		want = quote(e.Want)
	}
	return fmt.Sprintf("alembic_version was changed concurrently: it holds %s instead of %s, so another tool is migrating this database", have, want)
}

// A RowConflictError means that another session changed a row of the journal.
type RowConflictError struct{ Version string }

func (e *RowConflictError) Error() string {
	return fmt.Sprintf("the journal's row of version %s was changed concurrently, so another session runs the same file", e.Version)
}

// An UnwrittenError means that the record doesn't hold what was written to it.
type UnwrittenError struct {
	Tables string // the two tables
	// By names the triggers, rules and row security of the tables, which change writes: "trigger undo on
	// public.alembic_version". It is empty if the transaction created them.
	By []string
}

func (e *UnwrittenError) Error() string {
	by := "the file changes the record, or creates a trigger, a rule or row security that does"
	if len(e.By) > 0 {
		by = "there is " + strings.Join(e.By, ", ")
	}
	return fmt.Sprintf("%s don't hold what was just written to them: %s; let the role that migrates write them unchanged", e.Tables, by)
}

// A LengthError means that alembic_version can't hold a revision id.
type LengthError struct {
	ID    string
	Table string // schema.alembic_version
	Width int    // of its column
}

func (e *LengthError) Error() string {
	return fmt.Sprintf("the revision id %q has %d characters, but %s.version_num holds %d: change that column's type to varchar(%d) first", e.ID, utf8.RuneCountInString(e.ID), e.Table, e.Width, LongID)
}

// Fits returns a *LengthError if the table of rec can't hold a revision id.
func (s Store) Fits(rec Record, id string) error {
	if rec.Width > 0 && utf8.RuneCountInString(id) > rec.Width {
		return &LengthError{ID: id, Table: s.alembic(), Width: rec.Width}
	}
	return nil
}

func orPublic(schema string) string {
	if schema == "" {
		return "public"
	}
	return schema
}

func (s Store) alembic() string { return pgsql.QualifiedIdent(orPublic(s.AlembicSchema), alembicTable) }
func (s Store) journal() string { return pgsql.QualifiedIdent(orPublic(s.JournalSchema), journalTable) }

// column is a column of one of the two tables.
type column struct{ name, typ, def string }

var (
	alembicColumns = []column{{"version_num", "character varying(32)", "NOT NULL"}}

	// As the Atlas CLI creates them; it would alter a column that differs.
	journalColumns = []column{
		{"version", "character varying", "NOT NULL"},
		{"description", "character varying", "NOT NULL"},
		{"type", "bigint", "NOT NULL DEFAULT 2"},
		{"applied", "bigint", "NOT NULL DEFAULT 0"},
		{"total", "bigint", "NOT NULL DEFAULT 0"},
		{"executed_at", "timestamp with time zone", "NOT NULL"},
		{"execution_time", "bigint", "NOT NULL"},
		{"error", "text", "NULL"},
		{"error_stmt", "text", "NULL"},
		{"hash", "character varying", "NOT NULL"},
		{"partial_hashes", "jsonb", "NULL"},
		{"operator_version", "character varying", "NOT NULL"},
	}
)

// AlembicDDL returns the statement that creates alembic_version as Alembic does, with the width of rec, if that is set.
func (s Store) AlembicDDL(rec Record) string {
	return fmt.Sprintf("CREATE TABLE %s (\n    version_num VARCHAR(%d) NOT NULL,\n    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n)", s.alembic(), cmp.Or(rec.Width, MaxID))
}

// JournalDDL returns the statement that creates the journal.
func (s Store) JournalDDL() string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (\n", s.journal())
	for _, c := range journalColumns {
		fmt.Fprintf(&b, "    %s %s %s,\n", pgsql.Ident(c.name), c.typ, c.def)
	}
	b.WriteString("    PRIMARY KEY (version)\n)")
	return b.String()
}

// found is a table of one of the two names in the database.
type found struct {
	schema   string
	name     string
	kind     string
	columns  []string // "name type"
	width    int      // of version_num, 0 if it is unlimited
	required []string // names of NOT NULL columns without a default
}

// Read reads both tables. A missing table isn't an error. The error is a *ShapeError if a table has other columns.
func (s Store) Read(ctx context.Context, q Querier) (Record, error) {
	var b pgx.Batch
	rest := s.QueueRead(&b)
	if err := q.SendBatch(ctx, &b).Close(); err != nil {
		return Record{}, fmt.Errorf("reading the record of migrations: %w", err)
	}
	return rest(ctx, q)
}

// QueueRead queues the first query of Read in a batch. After the batch is closed, rest does the rest.
func (s Store) QueueRead(b *pgx.Batch) (rest func(context.Context, Querier) (Record, error)) {
	var tables []found
	// Plain joins, unsorted: every command runs this query in a new session, where planning takes longer than running
	// it.
	b.Queue(`
SELECT c.relnamespace::pg_catalog.regnamespace::text, c.relname::text, c.relkind::text, a.attnum, a.attname::text,
       pg_catalog.format_type(a.atttypid, NULL), a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', a.atttypmod
  FROM pg_catalog.pg_class c, pg_catalog.pg_attribute a
 WHERE c.relname IN ('` + alembicTable + `', '` + journalTable + `') AND a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped`).Query(func(rows pgx.Rows) (err error) {
		tables, err = collect(rows)
		return err
	})
	return func(ctx context.Context, q Querier) (Record, error) {
		rec, err := s.read(ctx, q, tables)
		if err != nil && !errors.As(err, new(*ShapeError)) {
			return rec, fmt.Errorf("reading the record of migrations: %w", err)
		}
		return rec, err
	}
}

// collect groups rows of columns by table, sorted by schema and name.
func collect(rows pgx.Rows) ([]found, error) {
	type attribute struct {
		Schema, Table, Kind string
		Num                 int16
		Name, Type          string
		Required            bool
		Modifier            int32
	}
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[attribute])
	if err != nil {
		return nil, err
	}
	for i := range columns {
		// Quoting depends on the server's keywords.
		if name, ok := strings.CutPrefix(columns[i].Schema, `"`); ok {
			columns[i].Schema = strings.ReplaceAll(strings.TrimSuffix(name, `"`), `""`, `"`)
		}
	}
	slices.SortFunc(columns, func(a, b attribute) int {
		return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Table, b.Table), cmp.Compare(a.Num, b.Num))
	})
	var tables []found
	for _, c := range columns {
		if strings.HasPrefix(c.Schema, "pg_temp") || !strings.Contains("rvmfp", c.Kind) {
			continue // another session's table, or an index or a type
		}
		if n := len(tables); n == 0 || tables[n-1].schema != c.Schema || tables[n-1].name != c.Table {
			tables = append(tables, found{schema: c.Schema, name: c.Table, kind: c.Kind})
		}
		t := &tables[len(tables)-1]
		t.columns = append(t.columns, c.Name+" "+c.Type)
		if c.Name == "version_num" && c.Modifier > 0 {
			t.width = int(c.Modifier) - 4 // the length of a varlena's header
		}
		if c.Required {
			t.required = append(t.required, c.Name)
		}
	}
	return tables, nil
}

// read reads the record from the tables that were found.
func (s Store) read(ctx context.Context, q Querier, tables []found) (Record, error) {
	var rec Record
	for _, schema := range []string{orPublic(s.AlembicSchema), orPublic(s.JournalSchema)} {
		if schema != "public" {
			rec.schemas = append(rec.schemas, schema)
		}
	}
	for _, f := range tables {
		var err error
		switch {
		case f.name == alembicTable && f.schema == orPublic(s.AlembicSchema):
			rec.HasAlembic, rec.Width = true, f.width
			err = f.check(alembicColumns)
		case f.name == journalTable && f.schema == orPublic(s.JournalSchema):
			rec.HasJournal = true
			err = f.check(journalColumns)
		default:
			rec.Elsewhere = append(rec.Elsewhere, f.schema+"."+f.name)
		}
		if err != nil {
			return rec, err
		}
	}
	if !rec.HasAlembic && !rec.HasJournal {
		return rec, nil
	}
	return rec, s.readRows(ctx, q, &rec)
}

// check returns an error if a table lacks one of the columns, or has others that must be filled.
func (f found) check(want []column) error {
	name := f.schema + "." + f.name
	if f.kind != "r" && f.kind != "p" {
		return &ShapeError{name, "it isn't an ordinary table"}
	}
	for _, c := range want {
		typ, _, _ := strings.Cut(c.typ, "(")
		if slices.Contains(f.columns, c.name+" "+typ) || typ == "character varying" && slices.Contains(f.columns, c.name+" text") {
			continue
		}
		return &ShapeError{name, fmt.Sprintf("it has no column %s of type %s, but %s", c.name, typ, strings.Join(f.columns, ", "))}
	}
	for _, r := range f.required {
		if !slices.ContainsFunc(want, func(c column) bool { return c.name == r }) {
			return &ShapeError{name, fmt.Sprintf("it has another column, %s, which is NOT NULL without a default", r)}
		}
	}
	return nil
}

// readRows reads the rows of the tables that exist in one statement, so that they are of the same snapshot.
func (s Store) readRows(ctx context.Context, q Querier, rec *Record) error {
	var selects []string
	rec.Alembic = []string{}
	if rec.HasAlembic {
		selects = append(selects, "SELECT true, COALESCE(version_num::text, ''), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM "+s.alembic())
	}
	if rec.HasJournal {
		selects = append(selects, `SELECT false, version, description, type, applied, total, executed_at, execution_time, error, error_stmt,
       hash, partial_hashes, operator_version FROM `+s.journal())
	}
	rows, err := q.Query(ctx, strings.Join(selects, "\nUNION ALL\n"))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			alembic                                bool
			id, desc, failed, stmt, hash, operator zeronull.Text
			typ, applied, total, nanos             zeronull.Int8
			at                                     pgtype.Timestamptz
			partial                                []byte
		)
		if err := rows.Scan(&alembic, &id, &desc, &typ, &applied, &total, &at, &nanos, &failed, &stmt, &hash, &partial, &operator); err != nil {
			return err
		}
		if alembic {
			rec.Alembic = append(rec.Alembic, string(id))
			continue
		}
		if id == cloudRow || id == "" {
			continue
		}
		r := &migrate.Revision{
			Version: string(id), Description: string(desc), Type: migrate.RevisionType(typ),
			Applied: int(applied), Total: int(total), ExecutedAt: time.Unix(0, 0).UTC(), ExecutionTime: time.Duration(nanos),
			Error: string(failed), ErrorStmt: string(stmt), Hash: strings.TrimPrefix(string(hash), hashPrefix),
			OperatorVersion: string(operator),
		}
		if at.Valid && at.InfinityModifier == pgtype.Finite {
			r.ExecutedAt = at.Time
		}
		if len(partial) > 0 {
			if err := json.Unmarshal(partial, &r.PartialHashes); err != nil {
				return &ShapeError{orPublic(s.JournalSchema) + "." + journalTable, fmt.Sprintf("partial_hashes of version %s isn't an array of strings", r.Version)}
			}
		}
		trim(r)
		rec.Journal = append(rec.Journal, r)
	}
	slices.Sort(rec.Alembic)
	slices.SortFunc(rec.Journal, func(a, b *migrate.Revision) int { return cmp.Compare(a.Version, b.Version) })
	return rows.Err()
}
