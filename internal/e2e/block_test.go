package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// The stock CLI sends BEGIN and COMMIT of a file without a transaction like its other statements, and counts them in
// the same session: each tool can continue where the other stopped.
func TestStockAtlasRunsABlock(t *testing.T) {
	path, _ := stockAtlas(t)
	dir := projectOf(t, map[string]string{
		"1_a.sql": "CREATE TABLE t (n int NOT NULL);\nINSERT INTO t VALUES (0);\nCREATE TABLE u (i int);\n",
		"2_b.sql": `-- atlas:txmode none

BEGIN;
UPDATE t SET n = n + 1;
ALTER TABLE t ADD COLUMN a int;
COMMIT;
ALTER TABLE u ADD COLUMN a int;
BEGIN;
UPDATE t SET n = n + 1;
INSERT INTO u VALUES (1);
COMMIT;
ALTER TABLE t ADD COLUMN b int;
`,
	})
	applied := func(db *pgtest.DB) string {
		return query[string](t, db, "SELECT applied || '/' || total || (SELECT ' ' || n FROM t) FROM atlas_schema_revisions WHERE version = '2'")
	}
	stock := func(db *pgtest.DB) *exec.Cmd {
		cmd := exec.Command(path, "migrate", "apply", "--env", "prod", "--url", db.URL, "--allow-dirty")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "DATABASE_URL="+db.URL)
		return cmd
	}
	ours := func(db *pgtest.DB) *exec.Cmd { return in(dir, db.URL, "apply") }
	for name, tools := range map[string]struct{ first, then func(*pgtest.DB) *exec.Cmd }{
		"Atlas, then Atlas": {stock, stock}, "Atlas, then we": {stock, ours}, "we, then Atlas": {ours, stock},
	} {
		for _, ends := range []string{"fails", "is killed"} {
			t.Run(name+", "+ends, func(t *testing.T) {
				t.Parallel() // it mostly waits
				db := pgtest.New(t)
				if out, err := in(dir, db.URL, "apply", "-n=1").CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				stop := "RAISE 'not yet'"
				if ends == "is killed" {
					stop = "PERFORM pg_sleep(60)"
				}
				// It stops in the second block.
				db.Exec("CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN " + stop + "; RETURN NEW; END$$;" +
					"CREATE TRIGGER stop BEFORE INSERT ON u FOR EACH ROW EXECUTE FUNCTION stop()")
				cmd := tools.first(db)
				if ends == "fails" {
					if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "not yet") {
						t.Fatalf("%v\n%s", err, out)
					}
				} else {
					_, wait := started(t, cmd)
					within(t, 20*time.Second, "the statement waits", func() bool { return query[int](t, db, sleeping) == 1 })
					if err := cmd.Process.Kill(); err != nil {
						t.Fatal(err)
					}
					wait()
					db.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
					within(t, 10*time.Second, "the session ends", func() bool { return query[int](t, db, sleeping) == 0 })
				}
				if got := applied(db); got != "5/10 1" {
					t.Errorf("statements and updates that were done: %s", got)
				}
				db.Exec("DROP FUNCTION stop CASCADE")
				if out, err := tools.then(db).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				if got := applied(db); got != "10/10 2" {
					t.Errorf("at the end: %s", got)
				}
				if out, err := ours(db).CombinedOutput(); err != nil || !strings.Contains(string(out), "Nothing to apply") {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}

// The reference's example runs, down and up again.
func TestDocumentedBlock(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(), "docs", "reference.md"))
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)\n### Blocks\n[^#]*?```sql\n(.*?)```").FindStringSubmatch(string(text))
	if example == nil {
		t.Fatal("the reference has no example")
	}
	const down = "-- atlas:txmode none\n\nCREATE UNIQUE INDEX CONCURRENTLY uid ON results (uid);\nBEGIN;\nALTER TABLE results DROP CONSTRAINT results_uid_key;\nALTER TABLE results ADD CONSTRAINT results_uid_key UNIQUE USING INDEX uid;\nCOMMIT;\n"
	dir := projectOf(t, map[string]string{"1_a.sql": "CREATE TABLE results (uid int UNIQUE);\n", "2_b.sql": example[1], "down/2_b.sql": down})
	db := pgtest.New(t)
	for _, command := range []string{"apply", "down", "apply"} {
		if out, err := in(dir, db.URL, command).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
	if got := query[string](t, db, "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relname ~ 'uid'"); got != "results_uid_key" {
		t.Errorf("there are %s", got)
	}
}
