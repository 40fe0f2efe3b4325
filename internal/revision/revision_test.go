package revision_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// inTx runs fn in a transaction that is committed if fn succeeds.
func inTx(t *testing.T, conn *pgx.Conn, fn func(pgx.Tx) error) error {
	t.Helper()
	return pgx.BeginFunc(context.Background(), conn, fn)
}

func TestStore(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct {
		name  string
		store revision.Store
		mode  pgx.QueryExecMode
	}{
		{"public", revision.Store{}, pgx.QueryExecModeExec},
		{"prepared", revision.Store{}, pgx.QueryExecModeCacheStatement},
		{"other schemas", revision.Store{AlembicSchema: "My App", JournalSchema: `jour"nal`}, pgx.QueryExecModeExec},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := pgtest.New(t).ConnConfig()
			cfg.DefaultQueryExecMode = tt.mode
			conn, err := pgx.ConnectConfig(ctx, cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(ctx)
			store := tt.store
			ignore := cmpopts.IgnoreUnexported(revision.Record{})

			rec, err := store.Read(ctx, conn)
			if d := cmp.Diff(revision.Record{}, rec, ignore); err != nil || d != "" {
				t.Fatalf("an empty database gave %v, %s", err, d)
			}
			row := &migrate.Revision{
				Version: "2", Description: `it's "odd"`, Type: migrate.RevisionTypeExecute, Applied: 1, Total: 3,
				ExecutedAt: time.Date(2024, 1, 2, 3, 4, 5, 6000, time.UTC), ExecutionTime: 77 * time.Millisecond,
				Error: "E\n'", ErrorStmt: "SELECT ';'", Hash: "abc=", PartialHashes: []string{"h1:x\""}, OperatorVersion: "op",
			}
			done := &migrate.Revision{Version: "10", Type: migrate.RevisionTypeResolved, ExecutedAt: row.ExecutedAt, Hash: "def="}
			if err := inTx(t, conn, func(tx pgx.Tx) error {
				if err := store.Create(ctx, tx, rec); err != nil {
					return err
				}
				return errors.Join(store.Advance(ctx, tx, "", "aaa"), store.Put(ctx, tx, row), store.Put(ctx, tx, done))
			}); err != nil {
				t.Fatal(err)
			}
			want := revision.Record{HasAlembic: true, Width: 32, Alembic: []string{"aaa"}, HasJournal: true, Journal: []*migrate.Revision{done, row}}
			utc := cmp.Transformer("UTC", time.Time.UTC)
			rec, err = store.Read(ctx, conn)
			if d := cmp.Diff(want, rec, utc, ignore); err != nil || d != "" {
				t.Errorf("reading gave %v (-want +got):\n%s", err, d)
			}

			row.Applied, row.Error, row.ErrorStmt, row.PartialHashes = 3, "", "", nil
			if err := inTx(t, conn, func(tx pgx.Tx) error {
				return errors.Join(store.Advance(ctx, tx, "aaa", "bbb"), store.Put(ctx, tx, row), store.Delete(ctx, tx, "10"))
			}); err != nil {
				t.Fatal(err)
			}
			want.Alembic, want.Journal = []string{"bbb"}, []*migrate.Revision{row}
			rec, err = store.Read(ctx, conn)
			if d := cmp.Diff(want, rec, utc, ignore); err != nil || d != "" {
				t.Errorf("reading gave %v (-want +got):\n%s", err, d)
			}

			for _, from := range []string{"", "aaa", "x"} {
				err := inTx(t, conn, func(tx pgx.Tx) error { return store.Advance(ctx, tx, from, "ccc") })
				var conflict *revision.ConflictError
				if !errors.As(err, &conflict) || conflict.Want != from || !cmp.Equal(conflict.Have, []string{"bbb"}) {
					t.Errorf("advancing from %q gave %v", from, err)
				}
			}
			if err := inTx(t, conn, func(tx pgx.Tx) error { return store.Advance(ctx, tx, "bbb", "bbb") }); err != nil {
				t.Error(err)
			}
			if err := inTx(t, conn, func(tx pgx.Tx) error { return store.Advance(ctx, tx, "bbb", "") }); err != nil {
				t.Error(err)
			}
			if rec, err := store.Read(ctx, conn); err != nil || len(rec.Alembic) != 0 || !rec.HasAlembic {
				t.Errorf("at the base, reading gave %+v, %v", rec, err)
			}
		})
	}
}

// Tables of other tools may contain values that this tool never writes.
func TestForeignRows(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct {
		name, change string
		want         revision.Record
	}{
		{"no row", "", revision.Record{HasAlembic: true, Width: 32, Alembic: []string{}, HasJournal: true}},
		{"no alembic_version", "DROP TABLE alembic_version", revision.Record{Alembic: []string{}, HasJournal: true}},
		{"no journal", "DROP TABLE atlas_schema_revisions; INSERT INTO alembic_version VALUES ('b'), ('a')", revision.Record{HasAlembic: true, Width: 32, Alembic: []string{"a", "b"}}},
		{"neither", "DROP TABLE alembic_version, atlas_schema_revisions", revision.Record{}},
		{
			"infinity and nulls", `ALTER TABLE atlas_schema_revisions ALTER executed_at DROP NOT NULL, ALTER description DROP NOT NULL, ALTER hash DROP NOT NULL;
				INSERT INTO atlas_schema_revisions VALUES ('2', NULL, 2, 0, 0, NULL, 0, NULL, NULL, NULL, NULL, ''), ('10', '', 2, 0, 0, '-infinity', 0, '', '', 'h1:x', 'null', '')`,
			revision.Record{HasAlembic: true, Width: 32, Alembic: []string{}, HasJournal: true, Journal: []*migrate.Revision{
				{Version: "10", Type: migrate.RevisionTypeExecute, ExecutedAt: time.Unix(0, 0).UTC(), Hash: "x"},
				{Version: "2", Type: migrate.RevisionTypeExecute, ExecutedAt: time.Unix(0, 0).UTC()},
			}},
		},
		{
			"no version", `ALTER TABLE atlas_schema_revisions DROP CONSTRAINT atlas_schema_revisions_pkey, ALTER version DROP NOT NULL;
				INSERT INTO atlas_schema_revisions VALUES (NULL, '', 2, 0, 0, now(), 0, NULL, NULL, '', NULL, ''), ('', '', 2, 0, 0, now(), 0, NULL, NULL, '', NULL, ''),
					('.atlas_cloud_identifier', '', 2, 0, 0, now(), 0, NULL, NULL, '', NULL, '')`,
			revision.Record{HasAlembic: true, Width: 32, Alembic: []string{}, HasJournal: true},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn := pgtest.New(t).Conn()
			for _, sql := range []string{revision.Store{}.AlembicDDL(revision.Record{}), revision.Store{}.JournalDDL(), tt.change} {
				if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
					t.Fatal(err)
				}
			}
			rec, err := (revision.Store{}).Read(ctx, conn)
			if d := cmp.Diff(tt.want, rec, cmpopts.IgnoreUnexported(revision.Record{})); err != nil || d != "" {
				t.Errorf("reading gave %v (-want +got):\n%s", err, d)
			}
		})
	}
}

// TestTables compares the tables with those of the other tools: the Atlas CLI alters a journal that differs from its
// own, and Alembic creates its table in this form.
func TestTables(t *testing.T) {
	ctx := context.Background()
	conn := pgtest.New(t).Conn()
	for _, ddl := range []string{revision.Store{}.AlembicDDL(revision.Record{}), revision.Store{}.JournalDDL()} {
		if _, err := conn.Exec(ctx, ddl); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := conn.Query(ctx, `SELECT table_name || '.' || column_name || ' ' || data_type || COALESCE('(' || character_maximum_length || ')', '')
		|| CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END || COALESCE(' default ' || column_default, '')
		FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"alembic_version.version_num character varying(32) not null",
		"atlas_schema_revisions.version character varying not null",
		"atlas_schema_revisions.description character varying not null",
		"atlas_schema_revisions.type bigint not null default 2",
		"atlas_schema_revisions.applied bigint not null default 0",
		"atlas_schema_revisions.total bigint not null default 0",
		"atlas_schema_revisions.executed_at timestamp with time zone not null",
		"atlas_schema_revisions.execution_time bigint not null",
		"atlas_schema_revisions.error text",
		"atlas_schema_revisions.error_stmt text",
		"atlas_schema_revisions.hash character varying not null",
		"atlas_schema_revisions.partial_hashes jsonb",
		"atlas_schema_revisions.operator_version character varying not null",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the columns are (-want +got):\n%s", d)
	}
	var names string
	if err := conn.QueryRow(ctx, "SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint WHERE contype = 'p' AND connamespace = 'public'::regnamespace").Scan(&names); err != nil || names != "alembic_version_pkc atlas_schema_revisions_pkey" {
		t.Errorf("the primary keys are %s, %v", names, err)
	}
}

// Atlas hashes the statements' text as its own scanner reads it.
func TestSums(t *testing.T) {
	const src = "-- a comment\nCREATE TABLE t (a int) ;\n\n/* another */ INSERT INTO t\n  VALUES (1); -- after\nSELECT 'x;y'"
	stmts, err := pgsql.Split(src)
	if err != nil {
		t.Fatal(err)
	}
	decls, err := migrate.Stmts(src)
	if err != nil {
		t.Fatal(err)
	}
	if len(decls) != len(stmts) {
		t.Fatalf("%d statements, Atlas has %d", len(stmts), len(decls))
	}
	dir := &migrate.MemDir{}
	if err := dir.WriteFile("1_a.sql", []byte(src)); err != nil {
		t.Fatal(err)
	}
	var got []string
	for n := range stmts {
		// If statement n of a file fails, the executor leaves the hashes of the statements before it in the revision.
		rrw := &revisions{}
		ex, err := migrate.NewExecutor(&failing{n: n}, dir, rrw)
		if err != nil {
			t.Fatal(err)
		}
		files, err := dir.Files()
		if err != nil {
			t.Fatal(err)
		}
		if err := ex.Execute(context.Background(), files[0]); err == nil {
			t.Fatal("nothing failed")
		}
		got = rrw.last.PartialHashes
	}
	if d := cmp.Diff(revision.Sums(src, stmts)[:len(stmts)-1], got); d != "" {
		t.Errorf("Atlas's hashes are others (-ours +Atlas):\n%s", d)
	}
}

// Read returns the hashes of the statements that have run, whoever wrote the row.
func TestReadPartial(t *testing.T) {
	ctx := context.Background()
	conn := pgtest.New(t).Conn()
	store := revision.Store{JournalSchema: `100% o"u'r`}
	if _, err := conn.Exec(ctx, `CREATE SCHEMA "100% o""u'r"`); err != nil {
		t.Fatal(err)
	}
	if err := inTx(t, conn, func(tx pgx.Tx) error { return store.Create(ctx, tx, revision.Record{}) }); err != nil {
		t.Fatal(err)
	}
	type counts struct{ applied, total int }
	for _, tt := range []struct {
		name   string
		counts counts
		hashes string // written; one character each
		want   string
		down   int // statements of the down file that have run; -1: it has not begun
		then   counts
	}{
		{"nothing has run", counts{0, 4}, "", "", -1, counts{0, 4}},
		{"nothing has run, all hashes", counts{0, 4}, "abcd", "", -1, counts{0, 4}},
		{"only those that have run", counts{2, 4}, "ab", "ab", -1, counts{2, 4}},
		{"all hashes", counts{2, 4}, "abcd", "ab", -1, counts{2, 4}},
		{"continued by Atlas", counts{3, 4}, "abcdX", "abX", -1, counts{3, 4}},
		{"begun and continued by Atlas", counts{3, 4}, "abcdXYZ", "XYZ", -1, counts{3, 4}},
		{"too few", counts{3, 4}, "ab", "ab", -1, counts{3, 4}},
		{"more than anybody writes", counts{1, 4}, "abcdXYZ", "abcdXYZ", -1, counts{1, 4}},
		{"done", counts{4, 4}, "abcd", "abcd", -1, counts{4, 4}},
		{"impossible", counts{5, 4}, "abcd", "abcd", -1, counts{5, 4}},
		{"down, nothing has run", counts{1, 4}, "↓abc", "↓", 0, counts{1, 4}},
		{"down, all hashes", counts{3, 4}, "↓abc", "↓ab", 2, counts{3, 4}},
		{"down, only those that have run", counts{3, 4}, "↓ab", "↓ab", 2, counts{3, 4}},
		{"down by an earlier version, nothing has run", counts{7, 8}, "↑", "↓", 0, counts{1, 2}},
		{"down by an earlier version", counts{7, 8}, "↑abc", "↓abc", 3, counts{4, 5}},
		{"down of more statements by an earlier version", counts{1, 2}, "↑abc", "↓abc", 3, counts{4, 5}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			row := &migrate.Revision{Version: "1", Type: migrate.RevisionTypeExecute, Applied: tt.counts.applied, Total: tt.counts.total, ExecutedAt: time.Unix(0, 0).UTC()}
			want := *row
			want.Applied, want.Total = tt.then.applied, tt.then.total
			split := func(s string) []string {
				return strings.Fields(strings.NewReplacer("↓", "revert", "↑", "down").Replace(strings.Join(strings.Split(s, ""), " ")))
			}
			row.PartialHashes, want.PartialHashes = split(tt.hashes), split(tt.want)
			if err := store.Put(ctx, conn, row); err != nil {
				t.Fatal(err)
			}
			rec, err := store.Read(ctx, conn)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Exec(ctx, store.UnchangedScript("1", rec.Journal[0])); err != nil {
				t.Error(err)
			}
			other := *rec.Journal[0]
			other.Applied++
			for _, r := range []*migrate.Revision{&other, nil} {
				if _, err := conn.Exec(ctx, store.UnchangedScript("1", r)); pgsql.SQLState(err) != "P0001" {
					t.Errorf("%v passes for the row: %v", r, err)
				}
			}
			got := rec.Journal[0]
			got.ExecutedAt = got.ExecutedAt.UTC()
			if d := cmp.Diff(&want, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if down := revision.IsDown(got); down != (tt.down >= 0) || down && revision.DownApplied(got) != tt.down {
				t.Errorf("IsDown is %t, DownApplied %d", down, revision.DownApplied(got))
			}
		})
	}
}

func TestWithout(t *testing.T) {
	ctx := context.Background()
	db := pgtest.New(t)
	db.Exec(`CREATE SCHEMA "My App"; CREATE SCHEMA other`)
	conn := db.Conn()
	rec, err := revision.Store{AlembicSchema: "My App"}.Read(ctx, conn)
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Read(ctx, conn, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"schema other"}, rec.Without(c).Lines()); d != "" {
		t.Error(d)
	}
}
