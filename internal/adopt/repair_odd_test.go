package adopt_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/report"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A new column is filled to the end, although some of its rows look like those that need a decision.
func TestRepairContinuesToFill(t *testing.T) {
	d := newDrifted(t, dir(t, `CREATE TABLE t (id int PRIMARY KEY, token uuid NOT NULL DEFAULT gen_random_uuid(), other uuid DEFAULT gen_random_uuid());
COMMENT ON COLUMN t.other IS 'mine';`), "head")
	pgtest.Versions(t, "13-") // gen_random_uuid
	d.db.Exec("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 20)")
	r, err := d.repair()
	if err != nil {
		t.Fatal(err)
	}
	d.db.Exec(r.Scripts[0].SQL)
	d.db.Exec("UPDATE t SET token = DEFAULT, other = DEFAULT WHERE id <= 7")
	d.mustRepair()
	if got := d.query("SELECT count(DISTINCT token)::text || ' ' || count(DISTINCT other) FROM t"); got != "20 20" {
		t.Errorf("%s values", got)
	}
	if got := d.query("SELECT coalesce(col_description('t'::regclass, 2), '') || col_description('t'::regclass, 3)"); got != "mine" {
		t.Errorf("comments %q", got)
	}
}

// The tables belong to a role without a login, to which the session switches, and some rights are granted.
func TestRepairInRole(t *testing.T) {
	d := newDrifted(t, dir(t, shop), "head")
	d.build(repairCase{drift: `ALTER TABLE orders ALTER note DROP NOT NULL; ALTER TABLE orders DROP total CASCADE`})
	ctx := context.Background()
	admin, err := pgtest.Server(t).Admin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	other, err := pgx.ParseConfig(d.db.Login("secret", "NOINHERIT"))
	if err != nil {
		t.Fatal(err)
	}
	d.db.Exec("GRANT SELECT (id, note) ON orders TO PUBLIC; GRANT INSERT ON shops TO " + other.User)
	d.cfg.Live.ConnConfig = other
	if _, err = d.repair(); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("without rights: %v", err)
	}
	d.cfg.Live.Role = d.db.ConnConfig().User
	d.mustRepair()
	if got := d.query("SELECT has_column_privilege('public', 'orders', 'note', 'SELECT')::text"); got != "true" {
		t.Errorf("the grant is lost")
	}
}

// What the throwaway server lacks doesn't matter, unless it has a part in the version.
func TestRepairWithForeignExtension(t *testing.T) {
	d := newDrifted(t, dir(t, "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL);"), "head")
	d.db.Exec("CREATE TABLE t (id int PRIMARY KEY, a text)")
	ctx := context.Background()
	admin, err := pgtest.Server(t).Admin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cfg := admin.Config().Copy()
	admin.Close(ctx)
	cfg.Database = d.db.Name
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var available int
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_available_extensions WHERE name IN ('pageinspect', 'file_fdw')").Scan(&available); err != nil {
		t.Fatal(err)
	}
	if available < 2 {
		t.Skip("this PostgreSQL comes without its contrib extensions")
	}
	if _, err := conn.Exec(ctx, "CREATE EXTENSION pageinspect; CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw", pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	d.mustRepair()
}

// A table that another session has locked is named, with the session.
func TestRepairLocked(t *testing.T) {
	d := newDrifted(t, dir(t, "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL);"), "head")
	d.db.Exec("CREATE TABLE t (id int PRIMARY KEY, a text)")
	conn := d.db.Conn()
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE", pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	_, err := d.repair()
	var locked *state.LockedError
	if !errors.As(err, &locked) || report.ExitCode(err) != report.ExitLocked || len(locked.Holders) != 1 || !strings.Contains(locked.Holders[0], "public.t") {
		t.Errorf("exit code %d, error %v, %+v", report.ExitCode(err), err, locked)
	}
}

// Several processes repair at once: one does it, the others find nothing to do.
func TestRepairTogether(t *testing.T) {
	d := newDrifted(t, dir(t, "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL); CREATE INDEX i ON t (a);"), "head")
	d.db.Exec("CREATE TABLE t (id int PRIMARY KEY, a text)")
	d.cfg.Yes = true
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			r, err := adopt.Repair(context.Background(), d.cfg)
			if err != nil || !r.Result.Recorded {
				t.Errorf("%v", err)
			}
		})
	}
	wait.Wait()
	d.mustRepair()
}

// A server that isn't there is an error that says how to go on, and nothing is done. If the schema is in order, none is
// needed.
func TestRepairWithoutServer(t *testing.T) {
	d := newDrifted(t, ibutsu(t), "head")
	d.db.File(testdata("schema_08_c4d5e6f7a8b9.sql"))
	d.db.Exec("ALTER TABLE runs ALTER created DROP NOT NULL")
	missing := errors.New("there is no server")
	d.cfg.Yes = true
	d.cfg.Start = func(context.Context, int) (*devdb.Server, error) { return nil, missing }
	if _, err := d.repair(); !errors.As(err, new(*adopt.NoServerError)) || !errors.Is(err, missing) {
		t.Errorf("error %v", err)
	}
	d.db.Exec("ALTER TABLE runs ALTER created SET NOT NULL")
	d.mustRepair()
}

// The script for psql does what the repair does, except that it records nothing.
func TestRepairByPsql(t *testing.T) {
	d := newDrifted(t, dir(t, shop), "head")
	d.build(repairCase{drift: killDrift})
	r, err := d.repair()
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.Script()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("psql", "-X", "-q", "-d", d.db.URL)
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	if left, err := d.repair(); err != nil || len(left.Scripts)+len(left.Differences) > 0 {
		t.Errorf("%v\n%s", err, script(left))
	}
}

// A column that should be NOT NULL gets its values from a file that was edited.
func TestRepairFirst(t *testing.T) {
	d := newDrifted(t, dir(t, "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL);"), "head")
	d.db.Exec("CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT generate_series(1, 10)")
	r, err := d.repair()
	if !errors.As(err, new(*adopt.DecisionError)) {
		t.Fatal(err)
	}
	edited := strings.Replace(strings.Replace(r.DecisionText(), "--   UPDATE", "UPDATE", 1), "= ...", "= 'x'", 1)
	for want, sql := range map[string]string{
		"r.sql:2: BEGIN: each statement of the file commits on its own, except those between a BEGIN and a COMMIT": "SELECT 1;\nBEGIN;\n" + edited,
		`r.sql:1 fails on a copy of the live schema without rows: table "missing" does not exist`:                  "DROP TABLE missing;",
	} {
		d.cfg.First = &adopt.First{Name: "r.sql", SQL: sql}
		if _, err := d.repair(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	d.cfg.First = &adopt.First{Name: "r.sql", SQL: "BEGIN;\n" + edited + "\nUPDATE t SET a = a || 'y';\nCOMMIT;\n"}
	start := time.Now()
	d.mustRepair()
	if got := d.query("SELECT min(a) || max(a) FROM t"); got != "xyxy" {
		t.Errorf("values %s after %v", got, time.Since(start))
	}
}
