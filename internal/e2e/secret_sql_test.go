package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// withSecrets are statements that fail and contain a password. (The tests of internal/pgsql cover all places of
// passwords.)
var withSecrets = map[string]string{
	"quoted by PostgreSQL": `ALTER ROLE no_such_role LOGIN ENCRYPTED PASSWORD 'a' 's3cr3tCanary' VALID UNTIL 'infinity'`,
	"a connection":         `ALTER SUBSCRIPTION no_such_subscription CONNECTION 'host=h password=s3cr3tCanary'`,
	"a block":              "-- repeatable it fails\n" + `DO $$BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %L', 'no_such_role', 's3cr3tCanary'); END$$`,
}

// A password in a statement is in no output and no record, whichever command shows or runs the statement. Only a script
// that runs it contains it.
func TestNoPasswordOfAStatementIsShown(t *testing.T) {
	ran := map[string]bool{}
	for name, stmt := range withSecrets {
		t.Run(name, func(t *testing.T) {
			db := pgtest.New(t)
			const down = "-- atlas:txmode none\n\nSELECT 1;\n"
			dir := projectOf(t, map[string]string{"1_a.sql": "CREATE TABLE a (id int, password text);\n", "down/1_a.sql": down + "DROP TABLE a;\n"})
			run := func(want int, args ...string) string {
				t.Helper()
				ran[args[0]] = true
				cmd := in(dir, db.URL, args...)
				out, _ := cmd.CombinedOutput()
				what := fmt.Sprintf("mage %s", strings.Join(args, " "))
				if code := cmd.ProcessState.ExitCode(); code != want {
					t.Errorf("%s: exit code %d, want %d:\n%s", what, code, want, out)
				}
				if strings.Contains(string(out), canary) {
					t.Errorf("%s shows the password:\n%s", what, out)
				}
				return string(out)
			}
			write := func(name, text string) {
				t.Helper()
				if err := os.WriteFile(filepath.Join(dir, "migrations", name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			journal := func() string {
				t.Helper()
				return query[string](t, db, "SELECT COALESCE(string_agg(r::text, E'\\n'), '') FROM atlas_schema_revisions r")
			}
			git := func(args ...string) {
				t.Helper()
				cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("git %v: %v\n%s", args, err, out)
				}
			}
			// It fails in a transaction, on its own, in a down file, after another branch's file.
			write("2_b.sql", "CREATE TABLE b (id int);\n"+stmt+";\n")
			run(1, "rehash")
			run(1, "apply")
			run(1, "apply", "-format=json")
			write("2_b.sql", "-- atlas:txmode none\n\nSELECT pg_sleep(1.1), set_config('my.password', '"+canary+"', false);\n"+stmt+";\n")
			if out := run(1, "rehash"); !strings.Contains(out, "2_b.sql:") {
				t.Errorf("rehash doesn't say what fails: %s", out)
			}
			run(1, "check")
			run(1, "check", "-format=json")
			run(1, "plan")
			run(1, "plan", "-dryrun", "-format=json")
			run(1, "checkpoint")
			for _, format := range []string{"text", "json", "github", "sarif", "markdown"} {
				if out := run(3, "lint", "-latest=1", "-format="+format); !strings.Contains(out, "xxxxx") && format != "github" { // it has no statements
					t.Errorf("lint as %s shows no statement: %s", format, out)
				}
			}
			if out := run(0, "review", "-latest=1", "-out=-"); !strings.Contains(out, "xxxxx") {
				t.Errorf("review shows no statement: %s", out)
			}
			if out := run(1, "apply"); !strings.Contains(out, "xxxxx") {
				t.Errorf("apply shows no statement: %s", out)
			}
			run(1, "apply", "-format=json")
			if text := journal(); strings.Contains(text, canary) || !strings.Contains(text, "xxxxx") {
				t.Errorf("the journal is %s", text)
			}
			for _, format := range []string{"text", "json"} {
				run(3, "status", "-format="+format)
				run(0, "history", "-format="+format)
			}
			run(1, "stamp", "-to=2", "-format=json")
			for _, format := range []string{"text", "json"} {
				run(1, "adopt", "-format="+format)
				run(1, "adopt", "-repair", "-format="+format)
				run(0, "drift", "-format="+format)
				revisions := t.TempDir()
				run(0, "export", "-alembic="+revisions, "-format="+format)
				run(0, "upstream", "-alembic="+revisions, "-format="+format)
				run(1, "import", "-goose="+revisions, "-format="+format)
				run(1, "baseline", "-format="+format)
			}
			run(0, "inspect")
			run(0, "version")

			for _, file := range []string{"2_b.sql", "effect/2_b.txt"} {
				if err := os.Remove(filepath.Join(dir, "migrations", file)); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
			}
			write("down/1_a.sql", down+stmt+";\nDROP TABLE a;\n")
			run(0, "rehash")
			run(3, "check")
			run(0, "docs")
			run(0, "docs", "-format=json")
			run(0, "stamp", "-to=1", "-yes")
			run(1, "down", "-yes")
			run(1, "down", "-yes", "-format=json")
			if text := journal(); strings.Contains(text, canary) || !strings.Contains(text, "xxxxx") {
				t.Errorf("the journal is %s", text)
			}
			run(3, "status")
			write("down/1_a.sql", down+"DROP TABLE a;\n")
			run(0, "rehash")
			git("init", "-q", "-b", "main")
			git("add", ".")
			git("commit", "-q", "-m", "start")
			git("switch", "-q", "-c", "mine")
			run(0, "new", "-name=mine")
			mine, err := filepath.Glob(filepath.Join(dir, "migrations", "*_mine.sql"))
			if err != nil || len(mine) != 1 {
				t.Fatalf("%v, %v", mine, err)
			}
			write(filepath.Base(mine[0]), stmt+";\n")
			git("add", ".")
			git("commit", "-q", "-m", "mine")
			git("switch", "-q", "main")
			write("20990101000000_theirs.sql", "SELECT 1;\n")
			write("down/20990101000000_theirs.sql", "SELECT 1;\n")
			run(0, "rehash")
			git("add", ".")
			git("commit", "-q", "-m", "theirs")
			git("switch", "-q", "mine")
			cmd := exec.Command("git", "-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "merge", "-q", "main")
			if out, err := cmd.CombinedOutput(); err == nil {
				t.Fatalf("no conflict: %s", out)
			}
			if out := run(1, "rebase", "-base=main"); !strings.Contains(out, "xxxxx") {
				t.Errorf("rebase shows no statement: %s", out)
			}
		})
	}
	// Every command that reads migrations is covered.
	out, err := exec.Command(tool, "-l").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^  ([\w:]+)`).FindAllStringSubmatch(string(out), -1) {
		if target := m[1]; !ran[target] && !strings.HasPrefix(target, "dev:") && !slices.Contains([]string{"bench", "image", "release", "test", "init", "completion"}, target) {
			t.Errorf("%s isn't tested", target)
		}
	}
}

// A statement that takes long, waits, or is waited for is shown while it does.
func TestNoPasswordIsShownWhileAStatementRuns(t *testing.T) {
	db := pgtest.New(t)
	dir := projectOf(t, map[string]string{
		"1_a.sql": "CREATE TABLE a (id int, password text);\n",
		"2_b.sql": "-- atlas:txmode none\n-- migrate:lock_timeout 300ms\n\nSELECT pg_sleep(1.1), set_config('my.password', '" + canary + "', false);\nALTER TABLE a ALTER password SET DEFAULT 'password=" + canary + "';\n",
	})
	if out, err := in(dir, db.URL, "apply", "-n=1").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	blocker := connect(t, db.URL)
	if _, err := blocker.Exec(t.Context(), "BEGIN"); err != nil {
		t.Fatal(err)
	}
	if _, err := blocker.Exec(t.Context(), "INSERT INTO a SELECT 1, $$host=h password="+canary+"$$"); err != nil {
		t.Fatal(err)
	}
	for _, env := range []string{"LOG_FORMAT=", "LOG_FORMAT=json"} {
		cmd := in(dir, db.URL, "apply")
		cmd.Env = append(cmd.Environ(), env)
		out, wait := started(t, cmd)
		time.Sleep(4 * time.Second)
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if code := wait(); code != 130 {
			t.Errorf("exit code %d: %s", code, out)
		}
		if text := out.String(); strings.Contains(text, canary) || !strings.Contains(text, "retrying") {
			t.Errorf("%s: %s", env, text)
		}
	}
}
