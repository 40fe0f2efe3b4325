package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// The stock CLI doesn't run a statement as a whole of which some batches have run. status says where it goes on, and
// apply goes on there.
func TestStockAtlasRefusesAHalfRunBatch(t *testing.T) {
	path, _ := stockAtlas(t)
	dir := projectOf(t, map[string]string{
		"1_a.sql": "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);\nINSERT INTO t SELECT g FROM generate_series(1, 200) g;\n",
		"2_b.sql": "-- atlas:txmode none\n\nALTER TABLE t ADD COLUMN x int;\n-- migrate:batch t size 60\nUPDATE t SET n = n + 1 WHERE /* batch */ true;\n",
	})
	db := pgtest.New(t)
	if out, err := in(dir, db.URL, "apply", "-n=1").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	db.Exec("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.id = 150 THEN RAISE 'not yet'; END IF; RETURN NEW; END$$;" +
		"CREATE TRIGGER no BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION no()")
	if out, err := in(dir, db.URL, "apply").CombinedOutput(); err == nil || !strings.Contains(string(out), "`apply` continues after 120") {
		t.Fatalf("%v\n%s", err, out)
	}
	db.Exec("DROP FUNCTION no CASCADE")
	counts := func(want string) {
		t.Helper()
		if got := query[string](t, db, "SELECT count(*) FILTER (WHERE n = 0) || ' ' || count(*) FILTER (WHERE n = 1) || ' ' || max(n) FROM t"); got != want {
			t.Errorf("rows unchanged, changed once, and the highest count: %s, want %s", got, want)
		}
	}
	counts("80 120 1")

	cmd := exec.Command(path, "migrate", "apply", "--env", "prod", "--url", db.URL, "--allow-dirty")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DATABASE_URL="+db.URL)
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "history changed: statement 2") {
		t.Errorf("atlas migrate apply: %v\n%s", err, out)
	}
	counts("80 120 1")

	out, _ := in(dir, db.URL, "status").CombinedOutput()
	if want := "1 of 2 statements have run, and batches of the next have changed 120 rows; `apply` resumes it after 120"; !strings.Contains(string(out), want) {
		t.Errorf("status:\n%s", out)
	}
	out, err := in(dir, db.URL, "apply").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "resuming statement 2 of 2 after 120, 120 rows changed so far") {
		t.Errorf("apply: %v\n%s", err, out)
	}
	counts("0 200 1")
}
