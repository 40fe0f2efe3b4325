package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// projectOf makes a project from migrations, by their paths in the migrations folder.
func projectOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{
		"schema.hcl": "schema \"public\" {\n}\n",
		"atlas.hcl": `env "prod" {
  src = "file://schema.hcl"
  url = getenv("DATABASE_URL")
  exclude = ["public.alembic_version", "alembic_version"]
  migration {
    dir              = "file://migrations"
    revisions_schema = "public"
  }
}
`,
	}
	if err := os.Mkdir(filepath.Join(dir, "migrations"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		all["migrations/"+name] = text
	}
	for name, text := range all {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := in(dir, "", "rehash").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// started runs a command and returns its output, and a function that waits for it.
func started(t *testing.T, cmd *exec.Cmd) (out *bytes.Buffer, wait func() int) {
	t.Helper()
	out = &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return out, func() int {
		cmd.Wait()
		return cmd.ProcessState.ExitCode()
	}
}

// naps are two migrations. The second takes two seconds.
var naps = map[string]string{
	"1_a.sql": "CREATE TABLE a (id int);\n",
	"2_b.sql": "CREATE TABLE b (id int);\n\nSELECT pg_sleep(2);\n",
}

func TestProcessesAtOnce(t *testing.T) {
	dir, db := projectOf(t, naps), pgtest.New(t)
	const n = 10
	outs, codes := make([]string, n), make([]int, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			cmd := in(dir, db.URL, "apply")
			out, err := cmd.CombinedOutput()
			if cmd.ProcessState == nil {
				t.Error(err)
				return
			}
			outs[i], codes[i] = string(out), cmd.ProcessState.ExitCode()
		})
	}
	wg.Wait()
	applied := 0
	for i := range n {
		if codes[i] != 0 {
			t.Errorf("exit code %d\n%s", codes[i], outs[i])
		}
		switch {
		case strings.Contains(outs[i], "Applied 2 migrations"):
			applied++
		case !strings.Contains(outs[i], "Nothing to apply"):
			t.Errorf("one said\n%s", outs[i])
		}
	}
	if applied != 1 {
		t.Errorf("%d applied", applied)
	}
}

func TestStockAtlasAndWeExcludeEachOther(t *testing.T) {
	path, _ := stockAtlas(t)
	dir, db := projectOf(t, naps), pgtest.New(t)
	atlas := func(args ...string) *exec.Cmd {
		cmd := exec.Command(path, append([]string{"migrate", "apply", "--env", "prod", "--url", db.URL, "--allow-dirty"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "DATABASE_URL="+db.URL)
		return cmd
	}
	// While ours runs, theirs can't.
	out, wait := started(t, in(dir, db.URL, "apply"))
	within(t, 10*time.Second, "our migration sleeps", func() bool { return query[int](t, db, sleeping) == 1 })
	if out, err := atlas("--lock-timeout", "200ms").CombinedOutput(); err == nil || !strings.Contains(string(out), "lock") {
		t.Errorf("atlas migrate apply during ours: %v\n%s", err, out)
	}
	if code := wait(); code != 0 {
		t.Fatalf("our apply: exit code %d\n%s", code, out)
	}

	// While theirs runs, ours waits, and then repairs the record.
	db = pgtest.New(t)
	theirs, wait := started(t, atlas("--tx-mode", "file"))
	within(t, 10*time.Second, "their migration sleeps", func() bool { return query[int](t, db, sleeping) == 1 })
	cmd := in(dir, db.URL, "apply", "-wait=100ms")
	if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 4 || !strings.Contains(string(out), "another session is migrating this database") {
		t.Errorf("apply -wait during theirs: %v\n%s", err, out)
	}
	ours, err := in(dir, db.URL, "apply").CombinedOutput()
	if code := wait(); code != 0 {
		t.Fatalf("atlas migrate apply: exit code %d\n%s", code, theirs)
	}
	if err != nil || !strings.Contains(string(ours), "Nothing to apply") {
		t.Errorf("our apply after theirs: %v\n%s", err, ours)
	}
	if got := query[string](t, db, `SELECT version_num FROM alembic_version`); got != "2" {
		t.Errorf("alembic_version says %q", got)
	}
}

// Alembic only locks its row. Ours locks it first, so Alembic's upgrade fails and rolls back.
func TestAlembicLosesToUs(t *testing.T) {
	dir, db := projectOf(t, naps), pgtest.New(t)
	a := newAlembic(t, db.URL)
	versions := filepath.Join(a.dir, "scripts", "versions")
	if err := os.RemoveAll(versions); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(versions, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, up := range []string{"pass", "op.execute('CREATE TABLE theirs (id int)')"} {
		down := "None"
		if i > 0 {
			down = fmt.Sprintf("%q", fmt.Sprint(i))
		}
		text := fmt.Sprintf("from alembic import op\nrevision = %q\ndown_revision = %s\ndef upgrade(): %s\ndef downgrade(): pass\n", fmt.Sprint(i+1), down, up)
		if err := os.WriteFile(filepath.Join(versions, fmt.Sprintf("r%d.py", i+1)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := in(dir, db.URL, "apply", "-n=1").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, wait := started(t, in(dir, db.URL, "apply"))
	within(t, 10*time.Second, "our migration sleeps", func() bool { return query[int](t, db, sleeping) == 1 })
	cmd := exec.Command(a.path, "upgrade", "head")
	cmd.Dir = a.dir
	cmd.Env = append(os.Environ(), "ALEMBIC_URL="+a.url)
	theirs, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(theirs), "expected to match one row") {
		t.Errorf("alembic upgrade during ours: %v\n%s", err, theirs)
	}
	if code := wait(); code != 0 {
		t.Fatalf("our apply: exit code %d\n%s", code, out)
	}
	if got := query[string](t, db, ours); got != "a b" {
		t.Errorf("tables %q", got)
	}
	if n := query[int](t, db, `SELECT count(*) FROM pg_class WHERE relname = 'theirs'`); n != 0 {
		t.Error("what Alembic did is still there")
	}
	if got := a.run("current"); got != "2 (head)" {
		t.Errorf("alembic current prints %q", got)
	}
}
