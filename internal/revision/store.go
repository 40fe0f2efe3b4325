// Package revision keeps the record of what was applied to a database: Alembic's
// table alembic_version and Atlas's table atlas_schema_revisions, the journal,
// as one store that both tools go on reading.
//
// [Store] reads and writes the two tables, [Judge] says what they mean for a
// directory of migrations: where the database stands, what the record lacks,
// and, where it can't be told, why not and what to do.
package revision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

const (
	alembicTable = "alembic_version"
	journalTable = "atlas_schema_revisions"

	// cloudRow is the row in which newer Atlas CLIs keep their table's own id.
	cloudRow = ".atlas_cloud_identifier"
)

// MaxID is how many characters alembic_version.version_num holds.
const MaxID = 32

// Querier is what Store needs of a connection; *pgx.Conn and pgx.Tx have it.
type Querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// Store says where the two tables are.
type Store struct {
	AlembicSchema string // schema of alembic_version; "" is public
	JournalSchema string // schema of atlas_schema_revisions; "" is public
}

// Record is what the two tables hold.
type Record struct {
	HasAlembic bool                // the table alembic_version exists
	Alembic    []string            // its rows, sorted
	HasJournal bool                // the table atlas_schema_revisions exists
	Journal    []*migrate.Revision // its rows by version, without the Atlas CLI's own identifier row
	Elsewhere  []string            // tables of these names in other schemas: "app.alembic_version"

	schemas []string // of the two tables, where the tool may have created them
}

// Without returns the catalog without the schemas that the record's tables are
// in: the tool creates these where a migration doesn't, and so both sides of a
// comparison go without them.
func (r Record) Without(c catalog.Catalog) catalog.Catalog {
	lines := c.Lines()
	kept := slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		return slices.ContainsFunc(r.schemas, func(schema string) bool { return line == "schema "+pgsql.Ident(schema) })
	})
	if len(kept) == len(lines) {
		return c
	}
	stripped, err := (catalog.Catalog{}).Apply(catalog.Effect{Add: kept})
	if err != nil {
		return c // a catalog's own lines always are a catalog
	}
	return stripped
}

// A ShapeError is a table that has the name of one of the two and is another.
type ShapeError struct {
	Table string // schema.name
	Why   string
}

func (e *ShapeError) Error() string {
	return fmt.Sprintf("%s is not the table that records migrations: %s; rename it, or name another schema for the record in atlas.hcl (alembic_version_schema, revisions_schema)", e.Table, e.Why)
}

// A ConflictError is an alembic_version that changed while we worked.
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
	return fmt.Sprintf("alembic_version changed meanwhile: it holds %s instead of %s, so another tool migrates this database; nothing of this step was done: run the command again when the other has ended", have, want)
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

	// As the Atlas CLI creates them; it would alter a column that is otherwise.
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

// DDL returns the statements that create the two tables.
func (s Store) DDL() []string { return []string{s.alembicDDL(), s.journalDDL()} }

func (s Store) alembicDDL() string {
	return fmt.Sprintf("CREATE TABLE %s (\n    version_num VARCHAR(%d) NOT NULL,\n    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n)", s.alembic(), MaxID)
}

func (s Store) journalDDL() string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (\n", s.journal())
	for _, c := range journalColumns {
		fmt.Fprintf(&b, "    %s %s %s,\n", pgsql.Ident(c.name), c.typ, c.def)
	}
	b.WriteString("    PRIMARY KEY (version)\n)")
	return b.String()
}

// found is one of the two tables as it was found in the database.
type found struct {
	schema, name, kind string
	columns            []string // "name type"
	required           []string // names of NOT NULL columns without a default
}

// Read reads both tables. A table that is missing is no error; one that has
// another shape gives a *ShapeError.
func (s Store) Read(ctx context.Context, q Querier) (Record, error) {
	rec, err := s.read(ctx, q)
	if err != nil && !errors.As(err, new(*ShapeError)) {
		return rec, fmt.Errorf("reading the record of migrations: %w", err)
	}
	return rec, err
}

func (s Store) read(ctx context.Context, q Querier) (Record, error) {
	var rec Record
	for _, schema := range []string{orPublic(s.AlembicSchema), orPublic(s.JournalSchema)} {
		if schema != "public" {
			rec.schemas = append(rec.schemas, schema)
		}
	}
	rows, err := q.Query(ctx, `
SELECT n.nspname, c.relname, c.relkind::text,
       pg_catalog.array_agg(a.attname::text || ' ' || pg_catalog.format_type(a.atttypid, NULL) ORDER BY a.attnum),
       COALESCE(pg_catalog.array_agg(a.attname::text) FILTER (WHERE a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''), '{}')
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relname IN ($1, $2) AND n.nspname::text !~ '^pg_(temp|toast)' AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
 GROUP BY n.nspname, c.relname, c.relkind
 ORDER BY n.nspname, c.relname`, alembicTable, journalTable)
	if err != nil {
		return rec, err
	}
	tables, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f found, err error) {
		err = row.Scan(&f.schema, &f.name, &f.kind, &f.columns, &f.required)
		return f, err
	})
	if err != nil {
		return rec, err
	}
	for _, f := range tables {
		switch {
		case f.name == alembicTable && f.schema == orPublic(s.AlembicSchema):
			rec.HasAlembic = true
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
	if rec.HasAlembic || rec.HasJournal {
		err = s.readRows(ctx, q, &rec)
	}
	return rec, err
}

// check says whether a table holds what the columns want. More columns are
// fine as long as nobody has to fill them.
func (f found) check(want []column) error {
	name := f.schema + "." + f.name
	if f.kind != "r" && f.kind != "p" {
		return &ShapeError{name, "it is not an ordinary table"}
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
			return &ShapeError{name, fmt.Sprintf("its column %s must be filled, and is none of ours", r)}
		}
	}
	return nil
}

// readRows reads the rows of the tables that exist, both in one statement, so
// that they are of one moment.
func (s Store) readRows(ctx context.Context, q Querier, rec *Record) error {
	ids := "SELECT '{}'::text[] AS ids"
	if rec.HasAlembic {
		ids = `SELECT COALESCE(pg_catalog.array_agg(COALESCE(version_num::text, '') ORDER BY version_num::text COLLATE "C"), '{}') AS ids FROM ` + s.alembic()
	}
	if !rec.HasJournal {
		return q.QueryRow(ctx, ids).Scan(&rec.Alembic)
	}
	rows, err := q.Query(ctx, `
SELECT a.ids, COALESCE(j.version, ''), COALESCE(j.description, ''), COALESCE(j.type, 0), COALESCE(j.applied, 0), COALESCE(j.total, 0),
       CASE WHEN pg_catalog.isfinite(j.executed_at) THEN j.executed_at ELSE 'epoch' END, COALESCE(j.execution_time, 0), COALESCE(j.error, ''), COALESCE(j.error_stmt, ''),
       COALESCE(j.hash, ''), COALESCE(j.partial_hashes::text, 'null'), COALESCE(j.operator_version, '')
  FROM (`+ids+`) a LEFT JOIN `+s.journal()+` j ON j.version::text <> $1::text
 ORDER BY j.version COLLATE "C"`, cloudRow)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			r       migrate.Revision
			typ     int64
			nanos   int64
			partial string
		)
		if err := rows.Scan(&rec.Alembic, &r.Version, &r.Description, &typ, &r.Applied, &r.Total,
			&r.ExecutedAt, &nanos, &r.Error, &r.ErrorStmt, &r.Hash, &partial, &r.OperatorVersion); err != nil {
			return err
		}
		if r.Version == "" {
			continue // no row in the journal: the join's empty side
		}
		r.Type = migrate.RevisionType(typ)
		r.ExecutionTime = time.Duration(nanos)
		r.Hash = strings.TrimPrefix(r.Hash, hashPrefix)
		if err := json.Unmarshal([]byte(partial), &r.PartialHashes); err != nil {
			return &ShapeError{orPublic(s.JournalSchema) + "." + journalTable, fmt.Sprintf("partial_hashes of version %s is no array of strings", r.Version)}
		}
		rec.Journal = append(rec.Journal, &r)
	}
	return rows.Err()
}
