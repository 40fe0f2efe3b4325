package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// revisions are Ibutsu's Alembic revisions.
var revisions = []string{"cacecc4f1237", "fc3df1d9ee4e", "53994db980f1", "8cf9148b9ad9", "e5736dbcc0b0", "d18de2b3253f", "efdaeff6dc95", "c4d5e6f7a8b9"}

// alembicEnv is Alembic's env.py, without models: it reads the revisions and the record only.
const alembicEnv = `import os
from alembic import context
from sqlalchemy import create_engine
with create_engine(os.environ["ALEMBIC_URL"]).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
`

// alembic is Debian's Alembic on a script directory of empty revisions and a database.
type alembic struct {
	t    testing.TB
	path string
	dir  string
	url  string
	env  []string // in addition
}

func newAlembic(t testing.TB, dbURL string) *alembic {
	t.Helper()
	a := &alembic{t: t, path: peer(t, "alembic", "apt-get install alembic python3-psycopg2"), dir: t.TempDir()}
	u, err := url.Parse(dbURL)
	if err != nil {
		t.Fatal(err)
	}
	u.Scheme = "postgresql+psycopg2"
	a.url = u.String()
	write := func(name, text string) {
		path := filepath.Join(a.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("alembic.ini", "[alembic]\nscript_location = scripts\n")
	write("scripts/env.py", alembicEnv)
	for i, rev := range revisions {
		down := "None"
		if i > 0 {
			down = fmt.Sprintf("%q", revisions[i-1])
		}
		write("scripts/versions/"+rev+".py",
			fmt.Sprintf("revision = %q\ndown_revision = %s\ndef upgrade(): pass\ndef downgrade(): pass\n", rev, down))
	}
	return a
}

// command returns a command of alembic.
func (a *alembic) command(args ...string) *exec.Cmd {
	cmd := exec.Command(a.path, args...)
	cmd.Dir = a.dir
	cmd.Env = append(append(os.Environ(), "ALEMBIC_URL="+a.url), a.env...)
	return cmd
}

// run runs alembic and returns what it printed on its standard output.
func (a *alembic) run(args ...string) string {
	a.t.Helper()
	cmd := a.command(args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		a.t.Fatalf("alembic %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// mage runs the tool on Ibutsu's own project with url as its database, and returns
// its standard output, its standard error and its exit code.
func mage(t testing.TB, url string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(tool, args...)
	cmd.Dir = root()
	cmd.Env = append(os.Environ(), "DATABASE_URL="+url, "NO_COLOR=1")
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// mustMage is like mage for a command that must succeed.
func mustMage(t testing.TB, url string, args ...string) string {
	t.Helper()
	stdout, stderr, code := mage(t, url, args...)
	if code != 0 {
		t.Fatalf("mage %s: exit code %d\n%s%s", strings.Join(args, " "), code, stdout, stderr)
	}
	return stdout + stderr
}

// record returns what the two record tables say: alembic_version's rows, and the
// journal as "VERSION applied/total".
func record(t testing.TB, url string) (alembic []string, journal []string) {
	t.Helper()
	conn := connect(t, url)
	read := func(sql string) []string {
		rows, err := conn.Query(context.Background(), sql)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var out []string
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			out = append(out, s)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return out
	}
	return read(`SELECT version_num FROM public.alembic_version ORDER BY 1`),
		read(`SELECT version || ' ' || applied || '/' || total FROM public.atlas_schema_revisions WHERE version NOT LIKE '.%' ORDER BY 1`)
}

// dump returns the file of a revision's dump, by its number and id.
func dump(name string) string {
	return filepath.Join(root(), "internal", "schematest", "testdata", name)
}

func TestAlembicReadsOurRecord(t *testing.T) {
	db := pgtest.New(t)
	a := newAlembic(t, db.URL)
	mustMage(t, db.URL, "apply")
	if got := a.run("current"); got != "c4d5e6f7a8b9 (head)" {
		t.Errorf("alembic current after our apply prints %q", got)
	}
	mustMage(t, db.URL, "down")
	if got := a.run("current"); got != "efdaeff6dc95" {
		t.Errorf("alembic current after our down prints %q", got)
	}
	mustMage(t, db.URL, "down", "-to=base", "-yes")
	if got := a.run("current"); got != "" {
		t.Errorf("alembic current at our base prints %q", got)
	}
}

func TestWeGoOnWhereAlembicStands(t *testing.T) {
	db := pgtest.New(t)
	a := newAlembic(t, db.URL)
	db.File(dump("schema_04_8cf9148b9ad9.sql"))
	a.run("stamp", "8cf9148b9ad9")
	mustMage(t, db.URL, "apply")
	if got := a.run("current"); got != "c4d5e6f7a8b9 (head)" {
		t.Errorf("alembic current prints %q", got)
	}
	_, journal := record(t, db.URL)
	if len(journal) != len(revisions) {
		t.Errorf("the journal has %d rows, want one for each file:\n%s", len(journal), strings.Join(journal, "\n"))
	}
}

// Alembic's table has the fourth revision and the journal the last, and the catalog equals only the last's: the next
// apply records the last.
func TestAlembicStampsBack(t *testing.T) {
	db := pgtest.New(t)
	a := newAlembic(t, db.URL)
	mustMage(t, db.URL, "apply")
	a.run("stamp", "8cf9148b9ad9")

	out := mustMage(t, db.URL, "apply")
	if !strings.Contains(out, "8cf9148b9ad9") || !strings.Contains(out, "c4d5e6f7a8b9") {
		t.Errorf("apply doesn't say which revisions disagreed:\n%s", out)
	}
	if got := a.run("current"); got != "c4d5e6f7a8b9 (head)" {
		t.Errorf("alembic current prints %q", got)
	}
}

// Alembic's table has the fourth revision, the journal the fifth, and both have the same catalog, because the fifth
// only changes data. The catalog can't decide, so apply refuses and changes nothing.
func TestAlembicStampsBackOverADataMigration(t *testing.T) {
	db := pgtest.New(t)
	a := newAlembic(t, db.URL)
	mustMage(t, db.URL, "apply", "-to=e5736dbcc0b0")
	a.run("stamp", "8cf9148b9ad9")

	_, stderr, code := mage(t, db.URL, "apply")
	if code != 1 || !strings.Contains(stderr, "8cf9148b9ad9") || !strings.Contains(stderr, "e5736dbcc0b0") || !strings.Contains(stderr, "stamp") {
		t.Errorf("exit code %d, want 1 and a sentence with both revisions and the way out:\n%s", code, stderr)
	}
	if got := a.run("current"); got != "8cf9148b9ad9" {
		t.Errorf("alembic current prints %q after a refused apply", got)
	}
}
