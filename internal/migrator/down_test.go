package migrator_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

func TestDownRefuses(t *testing.T) {
	d := dir(t, shop...)
	with := func(t *testing.T, down string) *migration.Dir {
		t.Helper()
		root := write(t, shop)
		effects := make(map[string]string)
		for _, f := range d.Files() {
			effects[f.Name], _ = f.Effect()
		}
		name := filepath.Join(root, migration.DownDir, shop[3].name)
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if down != "" {
			if err := os.WriteFile(name, []byte(down), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := migration.Rehash(t.Context(), root, effects); err != nil {
			t.Fatal(err)
		}
		return read(t, root)
	}
	for _, tt := range []struct {
		name   string
		dir    *migration.Dir
		change string
		opts   migrator.Options
		err    string
	}{
		{name: "missing", dir: with(t, ""), opts: migrator.Options{Yes: true}, err: "migration 20240104000000 can't be reverted: down/20240104000000_index.sql is missing; write it, then `rehash`"},
		{name: "none", dir: with(t, "-- alembic:down none the prices were thrown away\n"), opts: migrator.Options{To: "base", Yes: true}, err: "migration 20240104000000 can't be reverted: the prices were thrown away (down/20240104000000_index.sql says so)"},
		{name: "drifted", change: "DROP INDEX ix_orders_total; CREATE INDEX ix_orders_total ON orders (total DESC)", err: "the database has drifted from version 20240104000000 in what would be reverted: index public.orders.ix_orders_total is CREATE INDEX ix_orders_total ON public.orders USING btree (total DESC); expected CREATE INDEX ix_orders_total ON public.orders USING btree (total); nothing was done: restore these objects first"},
		{name: "rows", change: "INSERT INTO items VALUES (1, 1, 5), (2, 1, 5), (3, 1, NULL)", err: "this would drop column public.items.price with values in 2 rows, and applying again doesn't restore the data; nothing was done: add -yes to drop it"},
		{name: "tables", change: "INSERT INTO items VALUES (1, 1, NULL)", opts: migrator.Options{To: "base"}, err: "this would drop table public.items with 1 row, table public.orders with 20 rows, and applying again doesn't restore the data; nothing was done: add -yes to drop it"},
		{name: "tables that no effect tells of", dir: with(t, "DROP TABLE IF EXISTS nope, ONLINE.x, a.b.c.d, U&\"x\", Items CASCADE;\nALTER TABLE IF EXISTS ONLY public.\"orders\" DROP CONSTRAINT IF EXISTS a, ADD COLUMN x numeric(3,1) DEFAULT abs(1), DROP COLUMN note, ALTER total DROP NOT NULL, DROP IF EXISTS nope;\n"), change: "INSERT INTO items VALUES (1, 1, NULL)", err: "this would drop table public.items with 1 row, column public.orders.note with values in 20 rows, and applying again doesn't restore the data; nothing was done: add -yes to drop it"},
		{name: "a schema that no effect tells of", dir: with(t, "DROP SCHEMA app CASCADE;\n"), change: "CREATE SCHEMA app; CREATE TABLE app.\"T\" AS SELECT 1 AS a", err: "this would drop table app.\"T\" with 1 row, and applying again doesn't restore the data; nothing was done: add -yes to drop it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := setup(t, d)
			b.mustApply(migrator.Options{})
			if tt.change != "" {
				b.db.Exec(tt.change)
			}
			if tt.dir != nil {
				b.cfg.Dir = tt.dir
			}
			before := b.everything()
			if _, err := b.down(tt.opts); err == nil || err.Error() != tt.err {
				t.Errorf("down gave\n%v\nwant\n%s", err, tt.err)
			}
			b.same(before)
		})
	}
}

func TestDownLooksAtItsOwnObjectsOnly(t *testing.T) {
	b := setup(t, dir(t, shop...))
	b.mustApply(migrator.Options{})
	b.db.Exec("CREATE INDEX hotfix ON orders (note); ALTER TABLE orders ADD COLUMN extra int")
	if _, err := b.down(migrator.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := b.alembic(); got != "ccc333" {
		t.Errorf("alembic_version says %s", got)
	}
	if got := b.query("SELECT count(*)::text FROM pg_class WHERE relname = 'hotfix'"); got != "1" {
		t.Error("the hot-fix is gone")
	}
}

func TestHalfTakenBack(t *testing.T) {
	b := setup(t, dir(t, shop...))
	b.mustApply(migrator.Options{})
	b.interrupted(2, false, false, func(ctx context.Context) error {
		_, err := b.m().Down(ctx, migrator.Options{})
		return err
	})
	half := b.everything()
	st := b.status()
	if st.Partial == nil || !st.Reverting || st.Done != 1 || st.Total != 3 || st.Current != "20240104000000" || st.Error != "interrupted: stopped by the test" || len(st.Pending) != 0 {
		t.Errorf("the status is %+v", st)
	}
	_, err := b.apply(migrator.Options{})
	if want := "migration 20240104000000 is half reverted (1 of the statements of down/20240104000000_index.sql have run); `down` continues"; err == nil || err.Error() != want {
		t.Errorf("apply gave %v, want %s", err, want)
	}
	files := append([]file(nil), shop...)
	files[3].down = strings.Replace(files[3].down, "ix_items_price", "ix_orders_total", 1)
	sound := b.cfg.Dir
	b.cfg.Dir = read(t, write(t, files))
	_, err = b.down(migrator.Options{})
	var p *revision.Problem
	if !errors.As(err, &p) || p.Kind != revision.Edited {
		t.Errorf("down with an edited file gave %v", err)
	}
	b.same(half)
	b.cfg.Dir = sound
	res, err := b.down(migrator.Options{})
	if err != nil || len(res.Ran) != 1 || res.Ran[0].Skipped != 1 || len(res.Ran[0].Applied) != 2 {
		t.Fatalf("down gave %+v, %v", res, err)
	}
	if got := b.alembic() + " " + b.journal(); got != "ccc333 20240101000000 2 2/2,20240102000000 2 1/1,20240103000000 2 2/2" {
		t.Errorf("the record is %s", got)
	}
}

func TestStamp(t *testing.T) {
	d := dir(t, shop...)
	stamp := func(b *bench, opts migrator.StampOptions) (*migrator.StampResult, error) {
		return b.m().Stamp(context.Background(), opts)
	}
	t.Run("what has no record", func(t *testing.T) {
		b := setup(t, d)
		b.mustApply(migrator.Options{To: "bbb222"})
		b.db.Exec("DROP TABLE alembic_version, atlas_schema_revisions")
		before := b.everything()
		res, err := stamp(b, migrator.StampOptions{To: "head"})
		var contradiction *migrator.ContradictionError
		if !errors.As(err, &contradiction) || len(res.Differences) != 3 || res.Done {
			t.Errorf("stamp gave %+v, %v", res, err)
		}
		b.same(before)
		res, err = stamp(b, migrator.StampOptions{To: "ccc"})
		if err != nil {
			t.Fatal(err)
		}
		want := &migrator.StampResult{Target: "20240103000000", Revision: "ccc333", Set: []string{"20240101000000", "20240102000000", "20240103000000"}, Done: true}
		if d := cmp.Diff(want, res); d != "" {
			t.Error(d)
		}
		if got := b.alembic() + " " + b.journal(); got != "ccc333 20240101000000 4 0/0,20240102000000 4 0/0,20240103000000 4 0/0" {
			t.Errorf("the record is %s", got)
		}
		b.mustApply(migrator.Options{})
	})
	t.Run("what contradicts itself", func(t *testing.T) {
		b := setup(t, d)
		b.mustApply(migrator.Options{})
		b.db.Exec("INSERT INTO alembic_version VALUES ('zzz'); UPDATE atlas_schema_revisions SET hash = 'x', applied = 1 WHERE version LIKE '20240103%'; INSERT INTO atlas_schema_revisions SELECT '20230101', '', 2, 1, 1, now(), 0, NULL, NULL, '', NULL, ''")
		if _, err := b.apply(migrator.Options{}); err == nil {
			t.Fatal("apply took it")
		}
		res, err := stamp(b, migrator.StampOptions{To: "head"})
		if err != nil {
			t.Fatal(err)
		}
		want := &migrator.StampResult{Target: "20240104000000", From: []string{"ddd444", "zzz"}, Revision: "ddd444", Set: []string{"20240103000000"}, Removed: []string{"20230101"}, Done: true}
		if d := cmp.Diff(want, res); d != "" {
			t.Error(d)
		}
		if st := b.status(); !st.Clean() || len(st.Pending) > 0 {
			t.Errorf("the status is %+v", st)
		}
	})
	t.Run("back to the base", func(t *testing.T) {
		b := setup(t, d)
		b.mustApply(migrator.Options{N: 1})
		if _, err := stamp(b, migrator.StampOptions{To: "base", Yes: true}); err != nil {
			t.Fatal(err)
		}
		if got := b.alembic() + b.journal(); got != "" {
			t.Errorf("the record is %s", got)
		}
		if st := b.status(); len(st.Problems) > 0 || st.Index != -1 {
			t.Errorf("the status is %+v", st)
		}
	})
	t.Run("nowhere", func(t *testing.T) {
		b := setup(t, d)
		before := b.everything()
		var usage *usage.Error
		if _, err := stamp(b, migrator.StampOptions{}); !errors.As(err, &usage) {
			t.Errorf("stamp gave %v", err)
		}
		if _, err := stamp(b, migrator.StampOptions{To: "nope"}); err == nil {
			t.Error("stamp took nope")
		}
		b.same(before)
	})
}

// Another team's project: another schema, names that need quotes, and its
// record elsewhere.
func TestOddNames(t *testing.T) {
	files := []file{
		{"1_a.sql", `-- alembic:revision Odd.Id.1

CREATE SCHEMA "Sales Dept";
CREATE TABLE "Sales Dept"."Order ""Line""" ("Größe" int, "select" text, n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
INSERT INTO "Sales Dept"."Order ""Line""" VALUES (1, 'a');
`, "DROP SCHEMA \"Sales Dept\" CASCADE;\n"},
		{"2_b.sql", `-- alembic:revision Odd.Id.2
-- atlas:txmode none

CREATE INDEX CONCURRENTLY "Ix ON t (" ON "Sales Dept"."Order ""Line""" ("Größe", lower("select")) WHERE "Order ""Line"""."Größe" > 0;
ALTER TABLE "Sales Dept"."Order ""Line""" ADD COLUMN "a: b.c" int DEFAULT 1;
`, "-- atlas:txmode none\n\nALTER TABLE \"Sales Dept\".\"Order \"\"Line\"\"\" DROP COLUMN \"a: b.c\";\nDROP INDEX CONCURRENTLY \"Sales Dept\".\"Ix ON t (\";\n"},
	}
	b := setup(t, dir(t, files...))
	b.cfg.Store = revision.Store{AlembicSchema: "Rec ord", JournalSchema: "jour\"nal"}
	b.db.Exec(`CREATE SCHEMA "Rec ord"`)
	b.log.hook = func(e migrator.LogEntry) {
		if e, ok := e.(migrator.LogStmtDone); ok && e.N == 1 && e.Total == 2 && !e.Known {
			b.terminate() // built and not recorded
		}
	}
	if _, err := b.apply(migrator.Options{}); err == nil {
		t.Fatal("nothing failed")
	}
	b.log.hook = nil
	b.mustApply(migrator.Options{})
	if got := b.query(`SELECT version_num FROM "Rec ord".alembic_version`); got != "Odd.Id.2" {
		t.Errorf("alembic_version says %s", got)
	}
	if got := b.query(`SELECT string_agg(version, ',') FROM "jour""nal".atlas_schema_revisions`); got != "1,2" {
		t.Errorf("the journal has %s", got)
	}
	head := b.everything()
	var loss *migrator.LossError
	if _, err := b.down(migrator.Options{}); !errors.As(err, &loss) {
		t.Fatalf("down gave %v", err)
	}
	if d := cmp.Diff([]migrator.Loss{{Table: `"Sales Dept"."Order ""Line"""`, Column: `"a: b.c"`, Rows: 1}}, loss.Losses); d != "" {
		t.Error(d)
	}
	if _, err := b.down(migrator.Options{Yes: true}); err != nil {
		t.Fatal(err)
	}
	b.mustApply(migrator.Options{})
	b.same(head)
	b.db.Exec(`UPDATE "Rec ord".alembic_version SET version_num = 'Odd.Id.1'`)
	if res := b.mustApply(migrator.Options{}); res.Settled == "" {
		t.Error("nothing was settled")
	}
	b.same(head)
}

// A database whose journal is filled in first, such as one that only Alembic has managed, is reverted in the same run.
func TestDownFillsInTheJournal(t *testing.T) {
	for _, printed := range []bool{false, true} {
		b := setup(t, dir(t, shop...))
		b.mustApply(migrator.Options{})
		b.db.Exec("DROP TABLE atlas_schema_revisions")
		res, err := b.down(migrator.Options{N: 3, DryRun: printed, Yes: true})
		if err != nil {
			t.Fatal(err)
		}
		if printed {
			if out, err := b.psql(res.Script); err != nil {
				t.Fatalf("psql said %s", out)
			}
		}
		if got := b.alembic() + " " + b.journal(); got != "aaa111 20240101000000 4 0/0" {
			t.Errorf("printed: %t: the record is %s", printed, got)
		}
	}
}

// A file changes the session's settings only for itself.
func TestSessionOfEachFile(t *testing.T) {
	b := setup(t, dir(t,
		file{"1_a.sql", "CREATE SCHEMA app;\nSET search_path = app;\nSET lock_timeout = '7s';\nCREATE TABLE here (id int);\n", ""},
		file{"2_b.sql", "CREATE TABLE there (id int);\nDO $$BEGIN RAISE NOTICE 'timeout %', current_setting('lock_timeout'); END$$;\n", ""},
	))
	b.mustApply(migrator.Options{})
	if got := b.query("SELECT string_agg(relnamespace::regnamespace || '.' || relname, ',' ORDER BY relname) FROM pg_class WHERE relname IN ('here', 'there')"); got != "app.here,public.there" {
		t.Errorf("the tables are %s", got)
	}
	notices := logged[migrator.LogNotice](b.log)
	if d := cmp.Diff([]migrator.LogNotice{{Severity: "NOTICE", Message: "timeout 2s"}}, notices); d != "" {
		t.Error(d)
	}
}

func TestStatementsThatReturnData(t *testing.T) {
	b := setup(t, dir(t, file{"1_a.sql", "SELECT repeat('x', 1000) FROM generate_series(1, 20000);\nCREATE TABLE t (id int);\nCOPY t TO STDOUT;\nTABLE t;\n", ""}))
	b.mustApply(migrator.Options{})
}

// A table or column that gets its old name back keeps its rows, unless it is dropped under that name later.
func TestDownOfRenamesLosesNothing(t *testing.T) {
	files := []file{
		{"1_init.sql", "CREATE TABLE \"Old\" (id int, \"eMail\" text, shout text GENERATED ALWAYS AS (upper(\"eMail\")) STORED);\nCREATE SCHEMA app;\n",
			"DROP SCHEMA app;\nDROP TABLE \"Old\";\n"},
		{"2_note.sql", "ALTER TABLE \"Old\" ADD COLUMN note text;\n", "ALTER TABLE \"Old\" DROP COLUMN note;\n"},
		{"3_rename.sql", "ALTER TABLE \"Old\" RENAME TO people;\nALTER TABLE people RENAME \"eMail\" TO mail;\nALTER TABLE people RENAME COLUMN note TO \"Note\";\n",
			"ALTER TABLE people RENAME COLUMN \"Note\" TO note;\nALTER TABLE public.people RENAME \"mail\" TO \"eMail\";\nALTER TABLE IF EXISTS people RENAME TO \"Old\";\n"},
		{"4_move.sql", "ALTER TABLE people SET SCHEMA app;\n", "ALTER TABLE app.people SET SCHEMA public;\n"},
		{"5_shout.sql", "ALTER TABLE app.people DROP COLUMN shout, ADD COLUMN shout text GENERATED ALWAYS AS (upper(mail || '!')) STORED;\n",
			"ALTER TABLE app.people DROP COLUMN shout, ADD COLUMN shout text GENERATED ALWAYS AS (upper(mail)) STORED;\n"},
	}
	b := setup(t, dir(t, files...))
	b.mustApply(migrator.Options{})
	b.db.Exec(`INSERT INTO app.people (id, mail, "Note") VALUES (1, 'a', 'b'), (2, 'b', NULL)`)
	for _, tt := range []struct {
		n    int
		want []migrator.Loss
	}{
		{1, nil},
		{3, nil},
		{4, []migrator.Loss{{Table: "app.people", Column: `"Note"`, Rows: 1}}},
		{5, []migrator.Loss{{Table: "app.people", Rows: 2}}},
	} {
		res, err := b.down(migrator.Options{N: tt.n, DryRun: true})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, res.Losses); d != "" {
			t.Errorf("%d back (-want +got):\n%s", tt.n, d)
		}
	}
	if _, err := b.down(migrator.Options{N: 3}); err != nil {
		t.Fatal(err)
	}
	if got := b.query(`SELECT string_agg("eMail" || coalesce(note, '-'), ',' ORDER BY id) FROM "Old"`); got != "ab,b-" {
		t.Errorf("the rows are %s", got)
	}
}
