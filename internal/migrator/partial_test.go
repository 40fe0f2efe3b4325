package migrator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// hashes returns the partial hashes in a row of the journal.
func (b *bench) hashes(version string) (hashes []string) {
	b.Helper()
	text := b.query("SELECT COALESCE(partial_hashes::text, 'null') FROM atlas_schema_revisions WHERE version = '" + version + "'")
	if err := json.Unmarshal([]byte(text), &hashes); err != nil {
		b.Fatal(err)
	}
	return hashes
}

// inserts returns a file of n statements outside a transaction, some of which fail.
func inserts(n int, bad ...int) string {
	var s strings.Builder
	s.WriteString("-- atlas:txmode none\n\n")
	for i := range n {
		value := fmt.Sprint(i)
		for _, n := range bad {
			if i == n {
				value = "'x'"
			}
		}
		fmt.Fprintf(&s, "INSERT INTO t VALUES (%s);\n", value)
	}
	return s.String()
}

// After a failed statement, the row holds the hashes of exactly the statements that have run, whether one run has
// written it or several, applying or reverting.
func TestPartialHashes(t *testing.T) {
	directory := func(b *bench, up, down string) {
		b.cfg.Dir = read(t, write(t, []file{{"1_a.sql", "CREATE TABLE t (id int);\n", ""}, {"2_b.sql", up, down}}))
	}
	b := setup(t, dir(t))
	check := func(src string, first []string, n int) {
		t.Helper()
		f := read(t, write(t, []file{{"2_b.sql", src, ""}})).Files()[0]
		if d := cmp.Diff(append(first, revision.Sums(f.SQL, f.Stmts)[:n]...), b.hashes("2")); d != "" {
			t.Errorf("after %d statements (-want +got):\n%s", n, d)
		}
	}
	for _, stops := range []int{4, 5, 8} {
		directory(b, inserts(9, stops), "")
		if _, err := b.apply(migrator.Options{}); err == nil {
			t.Fatal("no error")
		}
		check(inserts(9, stops), nil, stops)
	}
	directory(b, inserts(9), inserts(9, 3))
	b.mustApply(migrator.Options{})
	if got := b.hashes("2"); got != nil {
		t.Errorf("the hashes %v are left", got)
	}
	if _, err := b.m().Down(t.Context(), migrator.Options{Yes: true}); err == nil {
		t.Fatal("no error")
	}
	check(inserts(9, 3), []string{"revert"}, 3)
}

// If nothing is left to run of an edited file, what it did to its session doesn't matter.
func TestNothingLeftToRun(t *testing.T) {
	b := setup(t, dir(t))
	const two = "-- atlas:txmode none\n\nCREATE TABLE conf AS SELECT '1MB' AS v;\nSELECT set_config('work_mem', v, false) FROM conf;\n"
	b.cfg.Dir = read(t, write(t, []file{{"1_a.sql", two + "SELECT 1/0;\n", ""}}))
	if _, err := b.apply(migrator.Options{}); err == nil {
		t.Fatal("no error")
	}
	b.db.Exec("DROP TABLE conf")
	b.cfg.Dir = read(t, write(t, []file{{"1_a.sql", two, ""}}))
	script := b.mustApply(migrator.Options{DryRun: true}).Script
	if strings.Contains(script, "FROM conf") {
		t.Errorf("the script runs a statement:\n%s", script)
	}
	b.mustApply(migrator.Options{})
	if got := b.alembic() + " " + b.journal(); got != "1 1 2 2/2" {
		t.Errorf("the record is %s", got)
	}
}

// A trigger that changes the row is noticed at the first statement that is counted, however long the file is.
func TestChangedHashesAreNoticedAtOnce(t *testing.T) {
	b := setup(t, dir(t, file{"1_a.sql", "CREATE TABLE t (id int);\n", ""}, file{"2_b.sql", inserts(500), ""}))
	b.mustApply(migrator.Options{N: 1})
	// The first try fails before the row is confirmed.
	b.db.Exec(`CREATE SEQUENCE tries;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
	IF nextval('tries') = 1 THEN RAISE lock_not_available; END IF;
	NEW.partial_hashes = NULL;
	RETURN NEW;
END$$;
CREATE TRIGGER f BEFORE UPDATE ON atlas_schema_revisions FOR EACH ROW EXECUTE FUNCTION f()`)
	if _, err := b.apply(migrator.Options{}); err == nil || !strings.Contains(err.Error(), "trigger f") {
		t.Errorf("the error is %v", err)
	}
	if n := b.query("SELECT count(*)::text FROM t"); n != "0" {
		t.Errorf("%s statements have run", n)
	}
}

// A run whose connection is lost leaves the hashes of all statements, and a count that says which of them have run.
// What hasn't run may be edited, even so that nothing is left to run. A script continues like a run.
func TestPartialHashesAfterLostConnection(t *testing.T) {
	const n = 9
	type run func(b *bench, do func(context.Context, migrator.Options) (*migrator.Result, error))
	lost := func(stops int) run {
		return func(b *bench, do func(context.Context, migrator.Options) (*migrator.Result, error)) {
			b.Helper()
			b.interrupted(stops, false, true, func(ctx context.Context) error {
				_, err := do(ctx, migrator.Options{Yes: true})
				return err
			})
		}
	}
	whole := func(b *bench, do func(context.Context, migrator.Options) (*migrator.Result, error)) {
		b.Helper()
		if _, err := do(b.Context(), migrator.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	script := func(b *bench, do func(context.Context, migrator.Options) (*migrator.Result, error)) {
		b.Helper()
		res, err := do(b.Context(), migrator.Options{DryRun: true})
		if err != nil {
			b.Fatal(err)
		}
		if out, err := b.psql(res.Script); err != nil {
			b.Fatalf("psql said %s", out)
		}
	}
	for stops := 1; stops <= n; stops++ {
		for i, left := range []int{n, n + 3, stops - 1} {
			if left == 0 || !sampled(stops+i) {
				continue
			}
			finish := run(whole)
			if stops%2 == 0 {
				finish = script
			}
			t.Run(fmt.Sprintf("%d of %d, then of %d", stops-1, n, left), func(t *testing.T) {
				directory := func(b *bench, up, down string) {
					b.cfg.Dir = dir(t, file{"1_a.sql", "CREATE TABLE t (id int);\n", ""}, file{"2_b.sql", up, down})
				}
				b := setup(t, dir(t))
				check := func(want string) {
					t.Helper()
					if got := b.query("SELECT count(*)::text FROM t") + ", " + b.alembic() + ", " + b.journal(); got != want {
						t.Errorf("rows and record: %s, want %s", got, want)
					}
				}
				half := func(reverting bool) {
					t.Helper()
					if st := b.status(); len(st.Problems) > 0 || st.Done != stops-1 || st.Total != n || st.Reverting != reverting {
						t.Errorf("after %d statements the status is %+v", stops-1, st)
					}
				}
				directory(b, inserts(n), inserts(n))
				b.mustApply(migrator.Options{N: 1})
				lost(stops)(b, b.m().Apply)
				if got := len(b.hashes("2")); got != n {
					t.Errorf("the journal holds %d hashes, want %d", got, n)
				}
				half(false)
				directory(b, inserts(left), inserts(n))
				finish(b, b.m().Apply)
				check(fmt.Sprintf("%d, 2, 1 2 1/1,2 2 %[1]d/%[1]d", left))

				lost(stops)(b, b.m().Down)
				half(true)
				directory(b, inserts(left), inserts(left))
				finish(b, b.m().Down)
				check(fmt.Sprintf("%d, 1, 1 2 1/1", 2*left))
			})
		}
	}
}

// What a file of statements outside a transaction costs grows with their number, not with its square: what the server
// writes and reads of the hashes, and the printed script.
func TestJournalIsLinear(t *testing.T) {
	type cost struct{ written, read, script int }
	measure := func(n int, down bool) (c cost) {
		files := []file{{"1_a.sql", "CREATE TABLE t (id int);\n", ""}, {"2_b.sql", inserts(n, n-1), ""}}
		if down {
			files[1] = file{"2_b.sql", "SELECT 1;\n", inserts(n, n-1)}
		}
		b := setup(t, read(t, write(t, files)))
		do := b.m().Apply
		opts := migrator.Options{Yes: true}
		if down {
			b.mustApply(migrator.Options{})
			do = b.m().Down
		} else {
			b.mustApply(migrator.Options{N: 1})
		}
		opts.DryRun = true
		res, err := do(t.Context(), opts)
		if err != nil {
			t.Fatal(err)
		}
		c.script = len(res.Script)
		opts.DryRun = false
		if _, err := do(t.Context(), opts); err == nil {
			t.Fatal("no error")
		}
		if got := len(b.hashes("2")); got != n-1 && got != n {
			t.Fatalf("%d hashes", got)
		}
		// TOAST tables hold large values in chunks.
		chunks := func(column string) int {
			text := b.query("SELECT " + column + "::text FROM pg_stat_all_tables WHERE relid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'atlas_schema_revisions'::regclass)")
			n, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for end := time.Now().Add(10 * time.Second); chunks("n_tup_ins") == 0 && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond) // sessions report when they end
		}
		c.written, c.read = chunks("n_tup_ins"), chunks("idx_tup_fetch")
		return c
	}
	for _, down := range []bool{false, true} {
		t.Run(fmt.Sprintf("down=%t", down), func(t *testing.T) {
			const n = 300
			once, twice := measure(n, down), measure(2*n, down)
			t.Logf("%d statements: %+v, %d statements: %+v", n, once, 2*n, twice)
			for name, c := range map[string][2]int{
				"written": {once.written, twice.written}, "read": {once.read, twice.read}, "the script": {once.script, twice.script},
			} {
				if c[0] == 0 || float64(c[1]) > 2.2*float64(c[0]) {
					t.Errorf("%s: %d, and for twice as many statements %d", name, c[0], c[1])
				}
			}
		})
	}
}
