package schematest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// untouched is a summary that the revision leaves as it is.
const untouched = -1

var summaries = []struct {
	name, summary string
	want          int // pass_percent afterwards, or untouched
}{
	// The summary isn't an object.
	{"null", `null`, untouched},
	{"array", `[]`, untouched},
	{"array that names the key", `["pass_percent"]`, untouched},
	{"array of an object", `[{"tests": 10, "passes": 5}]`, untouched},
	{"number", `7`, untouched},
	{"string", `"pass_percent"`, untouched},

	// pass_percent exists already, whatever its value.
	{"there", `{"tests": 10, "passes": 5, "pass_percent": 12}`, untouched},
	{"there as null", `{"tests": 10, "passes": 5, "pass_percent": null}`, untouched},
	{"there as text", `{"tests": 10, "passes": 5, "pass_percent": "33"}`, untouched},
	{"there and out of range", `{"tests": 10, "passes": 5, "pass_percent": -5}`, untouched},

	// If tests is missing, 0 or not a number, the result is 0.
	{"empty", `{}`, 0},
	{"tests missing", `{"passes": 5}`, 0},
	{"tests 0", `{"tests": 0, "passes": 5}`, 0},
	{"tests 0 as text", `{"tests": "000", "passes": 5}`, 0},
	{"tests null", `{"tests": null, "passes": 5}`, 0},
	{"tests negative", `{"tests": -10, "passes": 5}`, 0},
	{"tests with a point", `{"tests": 10.0, "passes": 5}`, 0},
	{"tests a word", `{"tests": "ten", "passes": 5}`, 0},
	{"tests no text", `{"tests": "", "passes": 5}`, 0},
	{"tests with a blank", `{"tests": " 10", "passes": 5}`, 0},
	{"tests with a line end", `{"tests": "10\n", "passes": 5}`, 0},
	{"tests with a sign", `{"tests": "+10", "passes": 5}`, 0},
	{"tests hexadecimal", `{"tests": "0x10", "passes": 5}`, 0},
	{"tests in other digits", `{"tests": "١٠", "passes": 5}`, 0},
	{"tests true", `{"tests": true, "passes": 1}`, 0},
	{"tests an array", `{"tests": [10], "passes": 5}`, 0},
	{"tests an object", `{"tests": {"tests": 10}, "passes": 5}`, 0},

	// passes * 100 / tests, rounded down, within 0..100.
	{"half", `{"tests": 10, "passes": 5}`, 50},
	{"two thirds", `{"tests": 3, "passes": 2}`, 66},
	{"nearly all", `{"tests": 1000, "passes": 999}`, 99},
	{"all", `{"tests": 3, "passes": 3}`, 100},
	{"none", `{"tests": 3, "passes": 0}`, 0},
	{"more than all", `{"tests": 10, "passes": 20}`, 100},
	{"passes decide", `{"tests": 10, "passes": 5, "failures": 1}`, 50},
	{"digits as text", `{"tests": "10", "passes": "5"}`, 50},
	{"leading zeros", `{"tests": "010", "passes": "005"}`, 50},
	{"exponent", `{"tests": 1e2, "passes": 50}`, 50},

	// If passes is missing, it is tests minus the other counts. A missing count is 0.
	{"only tests", `{"tests": 10}`, 100},
	{"passes null", `{"tests": 10, "passes": null}`, 100},
	{"passes negative", `{"tests": 10, "passes": -3}`, 100},
	{"passes negative, failures", `{"tests": 10, "passes": -3, "failures": 4}`, 60},
	{"passes with a point", `{"tests": 10, "passes": 1.5, "failures": 2}`, 80},
	{"passes a word", `{"tests": 10, "passes": "many", "failures": 2}`, 80},
	{"passes an object", `{"tests": 10, "passes": {"passes": 1}, "failures": 2}`, 80},
	{"failures", `{"tests": 10, "failures": 1}`, 90},
	{"errors", `{"tests": 10, "errors": 1}`, 90},
	{"skips", `{"tests": 10, "skips": 1}`, 90},
	{"xpasses", `{"tests": 10, "xpasses": 1}`, 90},
	{"xfailures", `{"tests": 10, "xfailures": 1}`, 90},
	{"all of them", `{"tests": 20, "failures": 1, "errors": 2, "skips": 3, "xpasses": 4, "xfailures": 5}`, 25},
	{"others do not count", `{"tests": 10, "not_run": 5, "collected": 20}`, 100},
	{"as text", `{"tests": "10", "failures": "1", "skips": "2"}`, 70},
	{"more failures than tests", `{"tests": 2, "failures": 5}`, 0},
	{"failures negative", `{"tests": 10, "failures": -5, "skips": 1}`, 90},
	{"failures with a point", `{"tests": 10, "failures": 2.0, "skips": 1}`, 90},
	{"failures a word", `{"tests": 10, "failures": "two", "skips": 1}`, 90},

	// Numbers that don't fit in an integer or a bigint, or need more digits than double precision has.
	{"over integer", `{"tests": 3000000000, "passes": 1500000000}`, 50},
	{"product over bigint", `{"tests": 9223372036854775807, "passes": 9223372036854775806}`, 99},
	{"over bigint", `{"tests": "` + digits("1", 30) + `", "passes": "` + digits("5", 29) + `"}`, 50},
	{"99.99...9", `{"tests": ` + digits("1", 60) + `, "passes": ` + strings.Repeat("9", 60) + `}`, 99},
	{"huge passes", `{"tests": 3, "passes": "` + digits("1", 200) + `"}`, 100},
	{"huge failures", `{"tests": 3, "failures": "` + digits("1", 200) + `"}`, 0},
	{"huge tests", `{"tests": "` + digits("1", 200) + `", "passes": 3}`, 0},
	{"1000 digits", `{"tests": "` + digits("2", 999) + `", "passes": "` + digits("1", 999) + `"}`, 50},
	{"over 1000 digits isn't a number", `{"tests": 10, "passes": "` + digits("1", 1000) + `", "failures": 1}`, 90},
	{"more digits than numeric holds", `{"tests": "` + digits("1", 200_000) + `", "passes": 5}`, 0},
}

// digits returns first followed by n zeros.
func digits(first string, n int) string { return first + strings.Repeat("0", n) }

func TestPassPercent(t *testing.T) {
	ctx := context.Background()
	db := at(t, mergeProjects)
	conn := db.Conn()
	batch := &pgx.Batch{}
	const insert = `INSERT INTO public.runs (id, env, summary, start_time, created) VALUES (gen_random_uuid(), $1, $2::text::jsonb, now(), now())`
	batch.Queue(insert, "NULL", nil)
	for _, s := range summaries {
		batch.Queue(insert, s.name, s.summary)
	}
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		t.Fatal(err)
	}
	keep(db, "runs")

	check := func(when string) {
		t.Helper()
		for _, s := range summaries {
			var got int
			var same bool
			err := conn.QueryRow(ctx, `
				SELECT CASE WHEN a.summary = b.summary THEN -1 ELSE (a.summary ->> 'pass_percent')::integer END,
					a.summary = b.summary OR a.summary - 'pass_percent' = b.summary
				FROM public.runs a JOIN before.runs b USING (id) WHERE a.env = $1`, s.name).Scan(&got, &same)
			if err != nil {
				t.Fatal(err)
			}
			if got != s.want || !same {
				t.Errorf("%s: %s: %.80s: got %d, want %d; the rest untouched: %t", when, s.name, s.summary, got, s.want, same)
			}
		}
		if !one[bool](t, conn, `SELECT summary IS NULL FROM public.runs WHERE env = 'NULL'`) {
			t.Errorf("%s: a NULL summary got a value", when)
		}
		if !one[bool](t, conn, `SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_runs_pass_percent'::regclass`) {
			t.Errorf("%s: the index is INVALID", when)
		}
	}
	run(t, conn, up(passPercent))
	check("first run")
	run(t, conn, up(passPercent))
	check("second run")

	run(t, conn, down(passPercent))
	if !one[bool](t, conn, `SELECT to_regclass('ix_runs_pass_percent') IS NULL`) {
		t.Error("the index is still there after the down file")
	}
	run(t, conn, down(passPercent))
	run(t, conn, up(passPercent))
	check("there, back, there again")
}

// addRuns adds n runs with ascending ids. The nth has a pass_percent of n % 101.
func addRuns(db *pgtest.DB, n int) {
	db.Exec(fmt.Sprintf(`
		INSERT INTO public.runs (id, summary, start_time, created)
		SELECT lpad(to_hex(n), 32, '0')::uuid, jsonb_build_object('tests', 100, 'passes', n %% 101), now(), now()
		FROM generate_series(1, %d) n`, n))
}

// nth returns the id of the nth of those runs.
func nth(n int) string { return fmt.Sprintf("00000000-0000-0000-0000-%012x", n) }

func TestBadPassPercentStopsTheIndex(t *testing.T) {
	values := []string{`95.5`, `"abc"`, `""`, `2147483648`, `-2147483649`, `1e30`, `true`, `[1]`, `{}`, `" 5"`, `"` + digits("1", 400) + `"`}
	good := []string{`2147483647`, `-2147483648`, `"+7"`, `null`, `1e2`, `"007"`}
	db := at(t, mergeProjects)
	conn := db.Conn()
	addRuns(db, 100)
	for i, v := range append(good, values...) {
		db.Exec(`UPDATE public.runs SET summary = summary || '{"pass_percent": ` + v + `}' WHERE id = '` + nth(i+1) + `'`)
	}
	bad := func() *pgconn.PgError {
		t.Helper()
		err := try(t, conn, up(passPercent))
		var pgErr *pgconn.PgError
		if !errors.As(err, &pgErr) || pgErr.Code != "22P02" {
			t.Fatalf("error %v, want SQLSTATE 22P02", err)
		}
		if !one[bool](t, conn, `SELECT to_regclass('ix_runs_pass_percent') IS NULL`) {
			t.Error("an index remains")
		}
		return pgErr
	}

	shown := []string{`95.5`, `abc`, ``, `2147483648`, `-2147483649`, `1` + strings.Repeat("0", 30), `true`, `[1]`, `{}`, ` 5`, digits("1", 39)}
	var named []string
	for i, s := range shown {
		named = append(named, fmt.Sprintf("%s (%s)", nth(len(good)+i+1), s))
	}
	want := "the pass_percent of 11 run(s) is no integer, so it cannot be indexed: " + strings.Join(named, ", ")
	got := bad()
	if got.Message != want {
		t.Errorf("message\n%s\nwant\n%s", got.Message, want)
	}
	if got.Hint != "Set it to an integer in runs.summary, then apply again." {
		t.Errorf("hint %q", got.Hint)
	}

	// The message counts all of them and names twenty.
	db.Exec(`UPDATE public.runs SET summary = summary || '{"pass_percent": 0.5}' WHERE id > '` + nth(50) + `'`)
	got = bad()
	if !strings.HasPrefix(got.Message, "the pass_percent of 61 run(s) is no integer") || strings.Count(got.Message, "-") != 20*4+1 || !strings.HasSuffix(got.Message, " (0.5), ...") {
		t.Errorf("message %s", got.Message)
	}

	db.Exec(`UPDATE public.runs SET summary = summary || '{"pass_percent": 0}' WHERE id > '` + nth(len(good)) + `'`)
	run(t, conn, up(passPercent))
	if !one[bool](t, conn, `SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_runs_pass_percent'::regclass`) {
		t.Error("the index is INVALID")
	}
}

// A failed build leaves an INVALID index, which a second run must not take for the real one.
func TestInvalidIndexIsBuiltAgain(t *testing.T) {
	ctx := context.Background()
	db := at(t, mergeProjects)
	conn := db.Conn()
	addRuns(db, 10)
	db.Exec(`UPDATE public.runs SET summary = '{"pass_percent": 0.5}' WHERE id = '` + nth(5) + `'`)
	stmts := split(t, up(passPercent))
	build := stmts[len(stmts)-2].Text
	if err := exec(ctx, conn, build); err == nil {
		t.Fatalf("this built an index over 0.5: %s", build)
	}
	if one[bool](t, conn, `SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_runs_pass_percent'::regclass`) {
		t.Fatal("the failed build left a valid index")
	}
	db.Exec(`UPDATE public.runs SET summary = '{"pass_percent": 5}' WHERE id = '` + nth(5) + `'`)
	if err := exec(ctx, conn, build); err == nil {
		t.Error("the build took an INVALID index for its own")
	}
	run(t, conn, up(passPercent))
	if !one[bool](t, conn, `SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_runs_pass_percent'::regclass`) {
		t.Error("the index is INVALID")
	}
}

// waiting waits until the backend waits for a lock.
func waiting(t *testing.T, conn *pgx.Conn, pid uint32) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if one[bool](t, conn, `SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND NOT granted)`, pid) {
			return
		}
	}
	t.Fatal("nobody waits for a lock")
}

// background runs the revision on its own connection.
func background(t *testing.T, db *pgtest.DB) (pid uint32, done <-chan error) {
	t.Helper()
	conn := db.Conn()
	c := make(chan error, 1)
	go func() { c <- try(t, conn, up(passPercent)) }()
	return conn.PgConn().PID(), c
}

func TestPassPercentIsResumable(t *testing.T) {
	db := at(t, mergeProjects)
	addRuns(db, 17_000)
	blocker, conn := db.Conn(), db.Conn()

	// The third batch waits for this row until the revision is canceled.
	ctx := context.Background()
	tx, err := blocker.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, `SELECT FROM public.runs WHERE id = '`+nth(12_345)+`' FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	pid, done := background(t, db)
	waiting(t, conn, pid)
	if !one[bool](t, conn, `SELECT pg_cancel_backend($1)`, pid) {
		t.Fatal("not cancelled")
	}
	var pgErr *pgconn.PgError
	if err := <-done; !errors.As(err, &pgErr) || pgErr.Code != "57014" {
		t.Fatalf("error %v, want SQLSTATE 57014", err)
	}

	const filled = `SELECT count(*) FROM public.runs WHERE summary ? 'pass_percent'`
	if n := one[int](t, conn, filled); n != 10_000 {
		t.Errorf("%d runs are done after two batches of 5000", n)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	// Finished runs are not updated again: these changes would show it.
	db.Exec(`UPDATE public.runs SET summary = summary || '{"passes": 0, "failures": 1}' WHERE summary ? 'pass_percent'`)
	run(t, conn, up(passPercent))
	if n := one[int](t, conn, `
		SELECT count(*) FROM (SELECT summary, row_number() OVER (ORDER BY id) AS n FROM public.runs) r
		WHERE (summary ->> 'pass_percent')::integer = n % 101`); n != 17_000 {
		t.Errorf("%d of 17000 runs have the right pass_percent", n)
	}
}

func TestPassPercentWithConcurrentWriters(t *testing.T) {
	db := at(t, mergeProjects)
	addRuns(db, 12_000)
	writer, conn := db.Conn(), db.Conn()
	ctx := context.Background()
	tx, err := writer.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	// All of this is in the second batch, which waits for it, except for the new run: its id is in the first batch,
	// which is done by then.
	if err := exec(ctx, writer, `
		UPDATE public.runs SET summary = '{"tests": 10, "passes": 1}' WHERE id = '`+nth(6_001)+`';
		UPDATE public.runs SET summary = '{"tests": 10, "passes": 1, "pass_percent": 77}' WHERE id = '`+nth(6_002)+`';
		UPDATE public.runs SET summary = '[]' WHERE id = '`+nth(6_003)+`';
		UPDATE public.runs SET summary = NULL WHERE id = '`+nth(6_004)+`';
		DELETE FROM public.runs WHERE id = '`+nth(6_005)+`';
		INSERT INTO public.runs (id, summary, start_time, created) VALUES ('00000000-0000-0000-0000-000000000000', '{"tests": 4, "passes": 1}', now(), now())`); err != nil {
		t.Fatal(err)
	}
	pid, done := background(t, db)
	waiting(t, conn, pid)
	if n := one[int](t, conn, `SELECT count(*) FROM public.runs WHERE summary ? 'pass_percent'`); n != 5000 {
		t.Errorf("%d runs are done after one batch of 5000", n)
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"n": 0, "summary": {"tests": 4, "passes": 1, "pass_percent": 25}}`,
		`{"n": 6001, "summary": {"tests": 10, "passes": 1, "pass_percent": 10}}`,
		`{"n": 6002, "summary": {"tests": 10, "passes": 1, "pass_percent": 77}}`,
		`{"n": 6003, "summary": []}`,
		`{"n": 6004, "summary": null}`,
	}
	query := `SELECT ('x' || right(id::text, 8))::bit(32)::integer AS n, summary FROM public.runs WHERE id IN ('` +
		strings.Join([]string{nth(0), nth(6_001), nth(6_002), nth(6_003), nth(6_004), nth(6_005)}, "', '") + `') ORDER BY id`
	if diff := cmp.Diff(want, rows(t, db, query)); diff != "" {
		t.Errorf("runs that others wrote meanwhile (-want +got):\n%s", diff)
	}
	if n := one[int](t, conn, `SELECT count(*) FROM public.runs WHERE jsonb_typeof(summary) = 'object' AND NOT summary ? 'pass_percent'`); n != 0 {
		t.Errorf("%d runs were forgotten", n)
	}
}

// An operator sees the progress: one NOTICE per batch.
func TestPassPercentReportsProgress(t *testing.T) {
	db := at(t, mergeProjects)
	addRuns(db, 5_001)
	cfg := db.ConnConfig()
	var got []string
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { got = append(got, n.Message) }
	conn, err := pgx.ConnectConfig(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	run(t, conn, up(passPercent))
	want := []string{
		"pass_percent: 5000 runs read, 5000 filled in",
		"pass_percent: 5001 runs read, 5001 filled in",
		"pass_percent: 5000 runs read, 5001 filled in",
		"pass_percent: 5001 runs read, 5001 filled in",
		`index "ix_runs_pass_percent" does not exist, skipping`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}
