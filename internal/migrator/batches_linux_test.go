package migrator_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// A walked is a table and a statement that runs in batches over it. Of its rows, wrong counts those that the statement
// hasn't changed exactly once.
type walked struct {
	name      string
	create    string
	directive string // without TABLE
	statement string
	wrong     string
	begun     string // as wrong, while the statement has begun but not ended: rows that were changed more than once
}

const (
	countOnce = "UPDATE r SET n = n + 1 WHERE /* batch */ true"
	notOnce   = "SELECT count(*) FROM r WHERE n <> 1"
	twice     = "SELECT count(*) FROM r WHERE n > 1"
)

var walkedTables = []walked{
	{"integer key", "CREATE TABLE r (id int PRIMARY KEY, n int NOT NULL DEFAULT 0); INSERT INTO r SELECT g * 3 - 500 FROM generate_series(1, 2000) g", "", countOnce, notOnce, twice},
	{"uuid key", "CREATE TABLE r (id uuid PRIMARY KEY, n int NOT NULL DEFAULT 0); INSERT INTO r SELECT md5(g::text)::uuid FROM generate_series(1, 2000) g", "", countOnce, notOnce, twice},
	{"composite key", `CREATE TABLE r (b text, a int, n int NOT NULL DEFAULT 0, PRIMARY KEY (a, b)); INSERT INTO r SELECT 'it''s \' || g, g % 7 FROM generate_series(1, 2000) g`, "", countOnce, notOnce, twice},
	{"quoted names", `CREATE TABLE r ("Key of ""r""" text COLLATE "C" PRIMARY KEY, n int NOT NULL DEFAULT 0); INSERT INTO r SELECT E'ä\n' || g FROM generate_series(1, 2000) g`, "", countOnce, notOnce, twice},
	{"timestamp key", "CREATE TABLE r (at timestamptz, n int NOT NULL DEFAULT 0); CREATE INDEX ON r (at); INSERT INTO r SELECT '2025-10-26 00:00+00'::timestamptz + g / 3 * interval '1.000001 s' FROM generate_series(1, 2000) g", "by at", countOnce, notOnce, twice},
	{"nullable key", "CREATE TABLE r (a int, b date, n int NOT NULL DEFAULT 0); CREATE INDEX ON r (a, b); INSERT INTO r SELECT nullif(g % 50, 7), CASE WHEN g % 11 > 0 THEN '2024-01-01'::date + g END FROM generate_series(1, 2000) g", "by a, b", countOnce, notOnce, twice},
	{"partitions", `CREATE TABLE r (id int, at date, n int NOT NULL DEFAULT 0, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE r_1 PARTITION OF r FOR VALUES FROM ('2024-01-01') TO ('2024-02-01'); CREATE TABLE "r 2" PARTITION OF r FOR VALUES FROM ('2024-02-01') TO ('2024-03-01') PARTITION BY HASH (id);
CREATE TABLE r_2a PARTITION OF "r 2" FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE r_2b PARTITION OF "r 2" FOR VALUES WITH (MODULUS 2, REMAINDER 1); CREATE TABLE r_0 PARTITION OF r DEFAULT;
INSERT INTO r SELECT g, '2023-12-20'::date + g % 80 FROM generate_series(1, 2000) g`, "", "UPDATE public.r AS x SET n = x.n + 1 WHERE /* batch x */ true AND x.n >= 0", notOnce, twice},
	{"partitions, with a trigger", `CREATE TABLE r (id int PRIMARY KEY, n int NOT NULL DEFAULT 0) PARTITION BY HASH (id);
CREATE TABLE r_1 PARTITION OF r FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE r_2 PARTITION OF r FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER t AFTER UPDATE ON r FOR EACH STATEMENT EXECUTE FUNCTION f();
INSERT INTO r SELECT g FROM generate_series(1, 2000) g`, "", countOnce, notOnce, twice},
	{"insert", "CREATE TABLE r (id int PRIMARY KEY, x text); CREATE TABLE copy (id int, x text); INSERT INTO r SELECT g, 'x' || g FROM generate_series(1, 2000) g", "",
		"INSERT INTO copy (id, x) SELECT s.id, upper(s.x) FROM r s LEFT JOIN copy c ON false WHERE s.id > 0 AND /* batch s */ true ON CONFLICT DO NOTHING",
		"SELECT abs(2000 - (SELECT count(*) FROM copy)) + (SELECT count(*) FROM copy WHERE x <> 'X' || id)", "SELECT count(*) - count(DISTINCT id) FROM copy"},
	{"move", "CREATE TABLE r (id int PRIMARY KEY, x text); CREATE TABLE copy (id int, x text); INSERT INTO r SELECT g, 'x' || g FROM generate_series(1, 2000) g", "",
		"WITH m AS (DELETE FROM r WHERE x <> 'x7' AND /* batch */ true RETURNING *) INSERT INTO copy SELECT id, x FROM m",
		"SELECT abs(1999 - (SELECT count(DISTINCT id) FROM copy)) + abs(1999 - (SELECT count(*) FROM copy)) + (SELECT count(*) - 1 FROM r)", "SELECT count(*) - count(DISTINCT id) FROM copy"},
	{"no key", "CREATE TABLE r (x int, n int NOT NULL DEFAULT 0, done boolean); INSERT INTO r SELECT g FROM generate_series(1, 2000) g", "",
		"UPDATE r SET n = n + 1, done = true WHERE done IS NULL AND /* batch */ true", notOnce, twice},
	{"joined, until none", "CREATE TABLE r (id int PRIMARY KEY, n int NOT NULL DEFAULT 0); CREATE TABLE j (id int); INSERT INTO r SELECT g FROM generate_series(1, 2000) g; INSERT INTO j SELECT g FROM generate_series(1, 2000) g", "until none",
		"UPDATE r SET n = r.n + 1 FROM j WHERE j.id = r.id AND r.n < 1 AND /* batch */ true", notOnce, twice},
}

func (w walked) file(size int) file {
	return file{"20240102000000_walk.sql", fmt.Sprintf("-- atlas:txmode none\n\n-- migrate:batch %s %s size %d\n%s;\n", w.table(), w.directive, size, w.statement), ""}
}

func (w walked) table() string {
	if strings.Contains(w.statement, "public.r") {
		return "public.r"
	}
	return "r"
}

// bench returns a bench whose database has the table.
func (w walked) bench(t *testing.T, size int) *bench {
	b := setup(t, w.dir(t, size))
	b.mustApply(migrator.Options{To: "20240101000000"})
	return b
}

func (w walked) dir(t *testing.T, size int) *migration.Dir {
	return dir(t, file{"20240101000000_tables.sql", w.create + ";\n", ""}, w.file(size))
}

// none checks that a query counts no rows.
func (b *bench) none(sql string) {
	b.Helper()
	if n := b.query("SELECT (" + sql + ")::text"); n != "0" {
		b.Errorf("%s: %s rows", sql, n)
	}
}

// kills is how often each statement is killed.
const kills = 40

// TestBatchesKilled kills the process at random moments. Afterwards the statement has changed each row exactly once.
func TestBatchesKilled(t *testing.T) {
	times := 3
	if full {
		times = kills
	}
	for _, w := range walkedTables {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			b := w.bench(t, 40)
			died := 0
			for round := 0; died < times && round < 10*times; round++ {
				if b.die(victim{N: 1, After: time.Duration(1+rand.IntN(60)) * time.Millisecond}) {
					died++
					b.none(w.begun)
					continue
				}
				b.none(w.wrong)
				b = w.bench(t, 40)
			}
			if died < times {
				t.Errorf("killed %d times, not %d", died, times)
			}
			t.Attr("kills-of-batches", fmt.Sprint(died))
			b.mustApply(migrator.Options{})
			b.none(w.wrong)
			if got := b.journal(); !strings.HasSuffix(got, "20240102000000 2 1/1") {
				t.Errorf("the journal says %s", got)
			}
		})
	}
}

// stopAfterBatch returns a context that ends after the first batch, and the log that ends it.
func (b *bench) stopAfterBatch() (context.Context, *recorder) {
	ctx, cancel := context.WithCancelCause(context.Background())
	b.Cleanup(func() { cancel(nil) })
	return ctx, &recorder{hook: func(e migrator.LogEntry) {
		if _, ok := e.(migrator.LogBatch); ok {
			cancel(errors.New("enough"))
		}
	}}
}

// TestBatchesStopped interrupts batches, and changes the file before they go on.
func TestBatchesStopped(t *testing.T) {
	w := walkedTables[0]
	b := w.bench(t, 40)
	ctx, log := b.stopAfterBatch()
	cfg := b.cfg
	cfg.Log = log
	_, err := migrator.New(cfg).Apply(ctx, migrator.Options{})
	var failed *migrator.StmtError
	if !errors.As(err, &failed) || failed.State != "batches that changed 40 rows were committed: `apply` continues after -380" {
		t.Fatalf("apply gave %v", err)
	}
	if got := b.journal(); !strings.HasSuffix(got, "20240102000000 2 1/2") {
		t.Errorf("the journal says %s", got)
	}
	if st := b.status(); st.Done != 0 || st.Total != 1 {
		t.Errorf("status says %d of %d", st.Done, st.Total)
	}
	for _, edit := range []struct{ from, to, err string }{
		{"n = n + 1", "n = n + 2", "statement 1 of 20240102000000_walk.sql has changed since it ran"},
		{"-- migrate:batch r ", "-- migrate:batch r by n ", "is part of the key"},
	} {
		f := w.file(40)
		f.sql = strings.Replace(f.sql, edit.from, edit.to, 1)
		cfg := b.cfg
		cfg.Dir = read(t, write(t, []file{{"20240101000000_tables.sql", w.create + ";\n", ""}, f}))
		if _, err := migrator.New(cfg).Apply(t.Context(), migrator.Options{}); err == nil || !strings.Contains(err.Error(), edit.err) {
			t.Errorf("%s: apply gave %v", edit.to, err)
		}
	}
	b.mustApply(migrator.Options{})
	b.none(w.wrong)
}

// TestBatchesDown interrupts the batches of a down file.
func TestBatchesDown(t *testing.T) {
	w := walkedTables[0]
	f := w.file(40)
	f.down = strings.Replace(f.sql, "n + 1", "n - 1", 1)
	b := setup(t, dir(t, file{"20240101000000_tables.sql", w.create + ";\n", "DROP TABLE r;\n"}, f))
	b.mustApply(migrator.Options{})
	ctx, log := b.stopAfterBatch()
	cfg := b.cfg
	cfg.Log = log
	if _, err := migrator.New(cfg).Down(ctx, migrator.Options{N: 1}); err == nil || !strings.Contains(err.Error(), "`down` continues after -380") {
		t.Fatalf("down gave %v", err)
	}
	if st := b.status(); !st.Reverting || st.Done != 0 || st.Total != 1 {
		t.Errorf("status says %+v", st)
	}
	if _, err := b.down(migrator.Options{N: 1}); err != nil {
		t.Fatal(err)
	}
	b.none("SELECT count(*) FROM r WHERE n <> 0")
}

// TestBatchesInParts checks the messages of statements that can't end, and of one that fails in parts only.
func TestBatchesInParts(t *testing.T) {
	for _, test := range []struct{ create, directive, statement, err string }{
		{"CREATE TABLE r (pos int PRIMARY KEY, id int NOT NULL UNIQUE); INSERT INTO r SELECT g, 5000 - g FROM generate_series(1, 2000) g", "by id size 100",
			"UPDATE r SET pos = pos - 1 WHERE /* batch */ true", "what satisfies a constraint as a whole may violate it in parts"},
		{"CREATE TABLE r (id int PRIMARY KEY, n int NOT NULL DEFAULT 0); INSERT INTO r SELECT g FROM generate_series(1, 2000) g", "until none",
			"UPDATE r SET n = n + 1 WHERE n >= 0 AND /* batch */ true", "pass 2 changed 2000 rows, no fewer than the pass before"},
		{"CREATE TABLE r (id int PRIMARY KEY, n int NOT NULL DEFAULT 0); INSERT INTO r SELECT g FROM generate_series(1, 20) g", "",
			"UPDATE r SET n = 1 / n WHERE id > 10 AND /* batch */ true", "no batch was committed: fix the cause, then `apply` continues at the start"},
	} {
		b := setup(t, read(t, write(t, []file{{"1_a.sql", test.create + ";\n", ""},
			{"2_b.sql", "-- atlas:txmode none\n\n-- migrate:batch r " + test.directive + "\n" + test.statement + ";\n", ""}})))
		if _, err := b.apply(migrator.Options{}); err == nil || !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: apply gave %v", test.statement, err)
		}
	}
}

// TestBatches runs each statement without a disturbance, with sizes that divide the table in different ways.
func TestBatches(t *testing.T) {
	for _, w := range walkedTables {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			sizes := []int{40, 2000}
			if full {
				sizes = append(sizes, 7, 100_000)
			}
			for _, size := range sizes {
				b := w.bench(t, size)
				b.mustApply(migrator.Options{})
				b.none(w.wrong)
				all := logged[migrator.LogBatch](b.log)
				if len(all) == 0 {
					t.Fatal("no progress was logged")
				}
				if last := all[len(all)-1]; last.Changed < 1999 || last.Changed > 2000 {
					t.Errorf("size %d: %d rows changed: %+v", size, last.Changed, last)
				} else if size <= 40 && last.Batches < 20 {
					t.Errorf("size %d: only %d batches", size, last.Batches)
				}
			}
		})
	}
}

// TestBatchesOfAnotherTable checks that a batch doesn't go on in a table of the same name in another schema.
func TestBatchesOfAnotherTable(t *testing.T) {
	w := walkedTables[0]
	f := w.file(40)
	f.sql = strings.Replace(f.sql, "none\n\n", "none\n\nSET search_path = other, public;\n\n", 1)
	b := setup(t, dir(t, file{"20240101000000_tables.sql", w.create + ";\nCREATE SCHEMA other;\n", ""}, f))
	b.mustApply(migrator.Options{To: "20240101000000"})
	ctx, log := b.stopAfterBatch()
	cfg := b.cfg
	cfg.Log = log
	if _, err := migrator.New(cfg).Apply(ctx, migrator.Options{}); err == nil {
		t.Fatal("apply was not interrupted")
	}
	b.db.Exec("CREATE TABLE other.r (id int PRIMARY KEY, n int)")
	if _, err := b.apply(migrator.Options{}); err == nil || !strings.Contains(err.Error(), "the batches so far changed public.r, and r is now other.r: restore") {
		t.Fatalf("apply gave %v", err)
	}
	b.db.Exec("DROP TABLE other.r")
	b.mustApply(migrator.Options{})
	b.none(w.wrong)
}
