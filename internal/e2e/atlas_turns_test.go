package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ariga.io/atlas-go-sdk/atlasexec"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// The stock CLI and the tool take turns on one database: each finds what the other has applied or reverted, and our
// next command settles alembic_version with one line.
func TestStockAtlasAndWeTakeTurns(t *testing.T) {
	path, _ := stockAtlas(t)
	ctx := context.Background()
	db := pgtest.New(t)
	dir := projectOf(t, map[string]string{"1_t1.sql": "CREATE TABLE t1 (id integer NOT NULL);\n", "down/1_t1.sql": "DROP TABLE t1;\n"})
	client, err := atlasexec.NewClient(dir, path)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"DATABASE_URL": db.URL, "HOME": t.TempDir(), "PATH": os.Getenv("PATH")}
	if err := client.SetEnv(env); err != nil {
		t.Fatal(err)
	}
	files := 1
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// add writes the next migration, with an Alembic id, and the schema file that it leads to.
	add := func() {
		t.Helper()
		files++
		write(fmt.Sprintf("migrations/%d_t%[1]d.sql", files), fmt.Sprintf("-- alembic:revision rev%d\n\nCREATE TABLE t%[1]d (id integer NOT NULL);\n", files))
		write(fmt.Sprintf("migrations/down/%d_t%[1]d.sql", files), fmt.Sprintf("DROP TABLE t%d;\n", files))
		schema := "schema \"public\" {\n}\n"
		for i := range files {
			schema += fmt.Sprintf("table \"t%d\" {\n  schema = schema.public\n  column \"id\" {\n    type = integer\n  }\n}\n", i+1)
		}
		write("schema.hcl", schema)
		if out, err := in(dir, "", "rehash").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	ours := func(want string, args ...string) {
		t.Helper()
		out, err := in(dir, db.URL, args...).CombinedOutput()
		if err != nil || !regexp.MustCompile(`^`+want+`$`).MatchString(stable(string(out))) {
			t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	theirs := func(current string) {
		t.Helper()
		done, err := client.MigrateApply(ctx, &atlasexec.MigrateApplyParams{Env: "prod", URL: db.URL, AllowDirty: true, TxMode: "file"})
		if err != nil {
			t.Fatal(err)
		}
		if done.Target != current || len(done.Applied) == 0 {
			t.Errorf("atlas migrate apply: %+v", done)
		}
	}
	theySee := func(status, current string, pending int) {
		t.Helper()
		s, err := client.MigrateStatus(ctx, &atlasexec.MigrateStatusParams{Env: "prod", URL: db.URL})
		if err != nil {
			t.Fatal(err)
		}
		if s.Status != status || s.Current != current || len(s.Pending) != pending {
			t.Errorf("atlas migrate status: %s at %s, %d pending, want %s at %s, %d", s.Status, s.Current, len(s.Pending), status, current, pending)
		}
	}

	ours("-> 1/1 1_t1\nApplied 1 migration in TIME: the database is at 1[.]\n", "apply")
	add()
	theySee("PENDING", "1", 1)
	theirs("2")
	const twoSettled = `alembic_version says "1", and the journal says that 2 \(rev2, t2\) was applied last; the schema is exactly that of 2 \(rev2, t2\), so another tool has stamped an earlier revision, or migrated without alembic_version: alembic_version is changed to match\n`
	ours("At 2_t2 \\(rev2\\), the head: nothing is pending\nthe next apply repairs the record: "+twoSettled, "status")
	add()
	ours(twoSettled+"-> 1/1 3_t3 \\(rev3\\)\nApplied 1 migration in TIME: the database is at 3 \\(rev3\\)\\.\n", "apply")
	theySee("OK", "3", 0)
	add()
	const fourSettled = `alembic_version says "rev3", and the journal says that 4 \(rev4, t4\) was applied last; the schema is exactly that of 4 \(rev4, t4\), so another tool has stamped an earlier revision, or migrated without alembic_version: alembic_version is changed to match\n`
	const nothing = "Nothing to apply: the database is at 4 \\(rev4\\)\\.\n"
	const reverted = "<- 1/1 4_t4 \\(rev4\\)\nReverted 1 migration in TIME: the database is at 3 \\(rev3\\)\\.\n"
	theirs("4")
	ours(fourSettled+nothing, "apply")
	ours(nothing, "apply")
	ours(reverted, "down", "-yes")
	theySee("PENDING", "3", 1)
	theirs("4")
	ours(fourSettled+reverted, "down", "-yes")
	theySee("PENDING", "3", 1)
	if alembic, journal := record(t, db.URL); !slices.Equal(alembic, []string{"rev3"}) || !slices.Equal(journal, []string{"1 1/1", "2 1/1", "3 1/1"}) {
		t.Errorf("alembic_version %v, journal %v", alembic, journal)
	}

	// Their other commands agree with check.
	ours("OK: the 4 migrations produce schema.hcl, and every down file reverses its migration[.]\n", "check")
	run := func(want string, args ...string) {
		t.Helper()
		cmd := exec.Command(path, append(args, "--env", "prod", "--dev-url", pgtest.New(t).URL)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "DATABASE_URL="+db.URL)
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("atlas %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	run("", "migrate", "validate")
	run("no changes to be made", "migrate", "diff")
}
