package migrator_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// A role that may create objects in public can create functions and operators with the names that our queries use.
// PostgreSQL would prefer an exact match to its own, and run it with our rights.
func TestHostileSchema(t *testing.T) {
	b := setup(t, dir(t, slow...))
	b.mustApply(migrator.Options{N: 1})
	var hostile strings.Builder
	operators := []string{"=", "<>", "<", "<=", ">", ">=", "||", "~", "!~", "+", "-", "*"}
	types := []string{"oid", "integer", "bigint", "smallint", "name", "text", `"char"`, "real", "double precision", "character varying", "regclass", "timestamptz", "boolean"}
	hostile.WriteString("CREATE FUNCTION public.hijack() RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'hijacked'; END$$;\n")
	for _, l := range types {
		for _, r := range types {
			result := "boolean"
			fmt.Fprintf(&hostile, "CREATE FUNCTION public.hijacked(%s, %s) RETURNS %s LANGUAGE plpgsql AS $$BEGIN RAISE 'hijacked'; END$$;\n", l, r, result)
			for _, op := range operators {
				fmt.Fprintf(&hostile, "CREATE OPERATOR public.%s (FUNCTION = public.hijacked, LEFTARG = %s, RIGHTARG = %s);\n", op, l, r)
			}
		}
	}
	for _, f := range []string{"pg_try_advisory_lock(bigint)", "pg_advisory_unlock(bigint)", "pg_backend_pid()", "current_setting(text)", "to_regclass(text)", "to_regclass(character varying)",
		"quote_ident(name)", "quote_ident(character varying)", "format_type(oid, integer)", "pg_get_indexdef(oid)", "pg_blocking_pids(integer)", "now()", "count(name)", "array_agg(text)", "set_config(text, text, boolean)"} {
		fmt.Fprintf(&hostile, "CREATE FUNCTION public.%s RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'hijacked'; END$$;\n", f)
	}
	hostile.WriteString("CREATE SCHEMA evil; CREATE TABLE evil.alembic_version (version_num text); CREATE VIEW evil.pg_locks AS SELECT public.hijack();\n")
	b.db.Exec(hostile.String())
	admin := b.admin()
	user := b.cfg.ConnConfig.User
	if _, err := admin.Exec(context.Background(), fmt.Sprintf("ALTER ROLE %s IN DATABASE %s SET search_path = evil, public, pg_catalog", user, b.db.Name)); err != nil {
		t.Fatal(err)
	}
	files := append([]file{}, slow[:1]...)
	files = append(files,
		// The migrations themselves don't use these functions: that is up to their authors.
		file{"20240102000000_slow.sql", "-- alembic:revision bbb222\n\nALTER TABLE orders ADD COLUMN total int;\n", "ALTER TABLE orders DROP COLUMN total;\n"},
		file{"20240103000000_index.sql", "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY ix ON orders (total);\nCREATE INDEX ix2 ON orders (total);\n", "-- atlas:txmode none\n\nDROP INDEX CONCURRENTLY ix;\nDROP INDEX ix2;\n"})
	b.cfg.Dir = read(t, write(t, files))
	b.status()
	b.mustApply(migrator.Options{N: 1})
	// The index is left INVALID, and the next run looks at it.
	other := b.session("SET search_path = pg_catalog; BEGIN; LOCK TABLE public.orders IN ROW EXCLUSIVE MODE")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		_, err := b.m().Apply(ctx, migrator.Options{})
		done <- err
	}()
	time.Sleep(1500 * time.Millisecond)
	cancel()
	if err := <-done; err == nil || strings.Contains(err.Error(), "hijack") {
		t.Errorf("apply gave %v", err)
	}
	b.end(other, "ROLLBACK")
	if st := b.status(); len(st.Invalid) != 1 {
		t.Errorf("the status is %+v", st)
	}
	b.mustApply(migrator.Options{})
	if _, err := b.down(migrator.Options{N: 1}); err != nil && !strings.Contains(err.Error(), "effect") {
		t.Error(err)
	}
	for _, e := range logged[migrator.LogBlocked](b.log) {
		t.Logf("%v", e.Blockers)
	}
	if len(logged[migrator.LogBlocked](b.log)) == 0 || len(logged[migrator.LogProgress](b.log)) == 0 {
		t.Error("the observer saw nothing")
	}
}

func TestRecordInASchemaWithAnOddName(t *testing.T) {
	for _, name := range []string{"Odd \"quoted\"", "line\nbreak 'and' \\ more", strings.Repeat("ü", 31) + "x", "select"} {
		b := setup(t, dir(t, shop...))
		b.cfg.Store = revision.Store{AlembicSchema: name, JournalSchema: name}
		res := b.mustApply(migrator.Options{DryRun: true})
		b.mustApply(migrator.Options{})
		if st := b.status(); !st.Clean() || len(st.Pending) != 0 || len(st.Alembic) != 1 || st.Alembic[0] != "ddd444" {
			t.Errorf("%q: the status is %+v", name, st)
		}
		head := b.everything()
		if _, err := b.down(migrator.Options{To: "base", Yes: true}); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		other := setup(t, b.cfg.Dir)
		other.cfg.Store = b.cfg.Store
		if out, err := other.psql(res.Script); err != nil {
			t.Errorf("%q: psql said %s", name, out)
		}
		other.same(head)
	}
}

func TestManyStatements(t *testing.T) {
	for _, tt := range []struct {
		head string
		n    int // without a transaction, each commits with a journal row that grows
	}{{"", 5000}, {"-- atlas:txmode none\n\n", 500}} {
		n := tt.n
		var up strings.Builder
		for i := range n {
			fmt.Fprintf(&up, "INSERT INTO t VALUES (%d, ';''%d');\n", i, i)
		}
		b := setup(t, read(t, write(t, []file{{"1_a.sql", "CREATE TABLE t (id int, t text);\n", ""}, {"2_b.sql", tt.head + up.String(), ""}})))
		start := time.Now()
		b.mustApply(migrator.Options{})
		t.Logf("%d statements in %s", n, time.Since(start))
		if got := b.query("SELECT count(*) || ' ' || sum(id) FROM t") + ", " + b.journal(); got != fmt.Sprintf("%d %d, 1 2 1/1,2 2 %[1]d/%[1]d", n, n*(n-1)/2) {
			t.Errorf("the database has %s", got)
		}
	}
}

func TestLongStatement(t *testing.T) {
	const size = 20 << 20
	b := setup(t, read(t, write(t, []file{{"1_a.sql", "CREATE TABLE t (t text);\nINSERT INTO t VALUES ('" + strings.Repeat("x;-- ", size/5) + "');\n", ""}})))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	b.mustApply(migrator.Options{})
	runtime.ReadMemStats(&after)
	t.Logf("in %s, with %d MB allocated", time.Since(start), (after.TotalAlloc-before.TotalAlloc)>>20)
	if got := b.query("SELECT length(t)::text FROM t"); got != fmt.Sprint(size) {
		t.Errorf("it has %s characters", got)
	}
	// A statement that fails is shown shortened.
	b.cfg.Dir = read(t, write(t, []file{
		{"1_a.sql", "CREATE TABLE t (t text);\nINSERT INTO t VALUES ('" + strings.Repeat("x;-- ", size/5) + "');\n", ""},
		{"2_b.sql", "INSERT INTO nope VALUES ('" + strings.Repeat("x;-- ", size/5) + "');\n", ""}}))
	if _, err := b.apply(migrator.Options{}); err == nil || len(err.Error()) > 1000 {
		t.Errorf("apply gave %.2000v", err)
	}
}

func TestUnreadableMigrations(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT 1;\nSELECT '\x00';\n":                                         "2_b.sql:2:9:",
		"-- alembic:revision " + strings.Repeat("a", 256) + "\n\nSELECT 1;\n": "has 256 characters, and at most 255 are possible",
	} {
		root := write(t, []file{{"1_a.sql", "SELECT 1;\n", ""}})
		if err := os.WriteFile(root+"/2_b.sql", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := migration.Read(os.DirFS(root)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gave %v, want %s", text, err, want)
		}
	}
	// One of 32 is stored.
	id := strings.Repeat("a", 32)
	b := setup(t, read(t, write(t, []file{{"1_a.sql", "-- alembic:revision " + id + "\n\nSELECT 1;\n", ""}})))
	b.mustApply(migrator.Options{})
	if got := b.alembic(); got != id {
		t.Errorf("alembic_version says %q", got)
	}
}

// A file may drop the session's prepared statements.
func TestForgottenStatements(t *testing.T) {
	for name, sql := range map[string]string{
		"none": "SELECT 1;\n", "all": "-- atlas:txmode none\n\nDISCARD ALL;\n", "in a function": "DO $$BEGIN EXECUTE 'deallocate all'; END$$;\n",
	} {
		files := []file{{"1_a.sql", "SELECT 1;\n", ""}, {"2_b.sql", "SELECT 1;\n", ""}, {"3_c.sql", sql, ""}, {"4_d.sql", "SELECT 1;\n", ""}, {"5_e.sql", "SELECT 1;\n", ""}, {"6_f.sql", "SELECT 1;\n", ""}}
		b := setup(t, read(t, write(t, files)))
		b.mustApply(migrator.Options{})
		if got := b.alembic(); got != "6" {
			t.Errorf("%s: alembic_version says %s", name, got)
		}
	}
}

// The settings of a role or a database don't reach migrations, and times are the same in every time zone.
func TestRoleSettings(t *testing.T) {
	b := setup(t, read(t, write(t, []file{
		{"1_a.sql", "CREATE TABLE t AS SELECT current_setting('TimeZone') z, current_setting('lock_timeout') l, length(pg_sleep(0.15)::text) AS slept;\n", "DROP TABLE t;\n"},
		{"2_b.sql", "-- migrate:lock_timeout 1m30s\n\nCREATE TABLE u AS SELECT current_setting('lock_timeout') l;\n", ""},
		{"3_c.sql", "-- atlas:txmode none\n\nCREATE TABLE v AS SELECT current_setting('lock_timeout') l, length(pg_sleep(0.15)::text) AS slept;\n", ""},
	})))
	settings := []string{"statement_timeout = '100ms'", "idle_in_transaction_session_timeout = '10ms'", "default_transaction_read_only = on", "default_transaction_isolation = serializable",
		"TimeZone = 'Asia/Kathmandu'", "DateStyle = 'German'", "lock_timeout = '1ms'", "standard_conforming_strings = off", "quote_all_identifiers = on", "bytea_output = escape", "extra_float_digits = 0", "row_security = off"}
	admin := b.admin()
	for _, s := range settings {
		if _, err := admin.Exec(context.Background(), "ALTER ROLE "+b.cfg.ConnConfig.User+" IN DATABASE "+b.db.Name+" SET "+s); err != nil {
			t.Fatal(err)
		}
	}
	b.log.hook = func(migrator.LogEntry) { time.Sleep(15 * time.Millisecond) }
	b.mustApply(migrator.Options{})
	if got := b.query("SELECT t.z || ' ' || t.l || ' ' || u.l || ' ' || v.l FROM t, u, v"); got != "UTC 2s 90s 2s" {
		t.Errorf("the settings were %s", got)
	}
	if got := b.query("SELECT bool_and(executed_at BETWEEN now() - interval '1 minute' AND now())::text FROM atlas_schema_revisions"); got != "true" {
		t.Error("the journal's times are not now")
	}
	if st := b.status(); !st.Clean() || len(st.Pending) != 0 {
		t.Errorf("the status is %+v", st)
	}
}

// If the clock was moved back, the journal has rows with a time in the future. They make no difference.
func TestClockMovedBack(t *testing.T) {
	b := setup(t, dir(t, shop...))
	b.mustApply(migrator.Options{N: 2})
	b.db.Exec("UPDATE atlas_schema_revisions SET executed_at = now() + interval '10 years'")
	b.mustApply(migrator.Options{})
	if st := b.status(); !st.Clean() || len(st.Pending) != 0 {
		t.Errorf("the status is %+v", st)
	}
}
