package migrator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// TestScriptOfBatches runs each statement half by psql and half by apply, in both orders, and as a whole by psql.
func TestScriptOfBatches(t *testing.T) {
	few := []string{"composite key", "nullable key", "partitions", "no key", "move", "joined, until none"}
	for _, w := range walkedTables {
		if !full && !slices.Contains(few, w.name) {
			continue
		}
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			// A trigger stops the statement after some rows, once.
			stops := "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM nextval('stopped'); IF currval('stopped') = 1021 THEN RAISE 'stop'; END IF; RETURN coalesce(NEW, OLD); END$$;" +
				"CREATE SEQUENCE stopped; CREATE TRIGGER stop BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION stop()"
			table := "r"
			if w.name == "insert" {
				table = "copy"
			}
			script := func(b *bench) string { return b.mustApply(migrator.Options{DryRun: true}).Script }
			whole := w.bench(t, 40)
			if out, err := whole.psql(script(whole)); err != nil {
				t.Fatalf("psql said %s", out)
			}
			whole.none(w.wrong)
			for _, first := range []string{"psql", "apply"} {
				b := w.bench(t, 40)
				b.db.Exec(fmt.Sprintf(stops, table))
				before := script(b)
				if first == "psql" {
					if out, err := b.psql(before); err == nil || !strings.Contains(out, "stop") {
						t.Fatalf("psql said %s", out)
					}
				} else if _, err := b.apply(migrator.Options{}); err == nil {
					t.Fatal("apply was not stopped")
				}
				b.none(w.begun)
				if st, err := b.m().Status(t.Context()); err != nil || st.Batch == nil || st.Batch.Changed < 900 {
					t.Errorf("%s first: it stopped at %+v, %v", first, st.Batch, err)
				}
				b.db.Exec("DROP FUNCTION stop CASCADE")
				if out, err := b.psql(before); err == nil || !strings.Contains(out, "since this script was printed") {
					t.Errorf("an old script: psql said %s", out)
				}
				rest := script(b)
				if first == "psql" {
					b.mustApply(migrator.Options{})
				} else if out, err := b.psql(rest); err != nil {
					t.Fatalf("psql said %s", out)
				}
				b.none(w.wrong)
				if got := b.journal(); !strings.HasSuffix(got, "20240102000000 2 1/1") {
					t.Errorf("%s first: the journal says %s", first, got)
				}
			}
		})
	}
}

// A script that is printed before a table has its key stops there, and one that is printed before the table exists
// changes its rows at once.
func TestScriptOfBatchesThatCannotBe(t *testing.T) {
	const update = "-- migrate:batch t by at size 2\nUPDATE t SET n = n + 1 WHERE /* batch */ true;\n"
	b := setup(t, dir(t,
		file{"1_a.sql", "CREATE TABLE t (id int PRIMARY KEY, at int, n int NOT NULL DEFAULT 0);\nINSERT INTO t SELECT g, g FROM generate_series(1, 9) g;\n", ""},
		file{"2_b.sql", "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY i ON t (at);\n" + update, ""}))
	whole := setup(t, b.cfg.Dir)
	if out, err := whole.psql(whole.mustApply(migrator.Options{DryRun: true}).Script); err != nil {
		t.Fatalf("psql said %s", out)
	}
	whole.none("SELECT count(*) FROM t WHERE n <> 1")
	b.mustApply(migrator.Options{N: 1})
	if out, err := b.psql(b.mustApply(migrator.Options{DryRun: true}).Script); err == nil || !strings.Contains(out, "2_b.sql:5 runs in batches, but when this script was printed, no index of t begins with the key") {
		t.Fatalf("psql said %s", out)
	}
	if out, err := b.psql(b.mustApply(migrator.Options{DryRun: true}).Script); err != nil {
		t.Fatalf("psql said %s", out)
	}
	b.none("SELECT count(*) FROM t WHERE n <> 1")
}
