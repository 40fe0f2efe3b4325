package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ariga.io/atlas-go-sdk/atlasexec"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// stockAtlas builds the stock Atlas CLI, and returns its path and the SDK's client
// for it on this repository's own project. It skips the test where that release can't
// read the server: it asks for the settings lc_collate and lc_ctype, which PostgreSQL
// has up to 15.
func stockAtlas(t testing.TB) (string, *atlasexec.Client) {
	t.Helper()
	path, err := atlasCLI()
	if err != nil {
		t.Fatal(err)
	}
	if major := pgtest.Server(t).VersionNum() / 10000; major > 15 {
		out, err := exec.Command(path, "schema", "inspect", "--url", pgtest.New(t).URL).CombinedOutput()
		if err != nil && strings.Contains(string(out), "postgres: unexpected number of rows") {
			t.Skipf("the stock Atlas CLI can't read PostgreSQL %d: %s", major, out)
		}
	}
	client, err := atlasexec.NewClient(root(), path)
	if err != nil {
		t.Fatal(err)
	}
	return path, client
}

// atlas runs a command that the SDK has no method for, or one that this version of
// the CLI answers in words.
func atlas(t testing.TB, path string, args ...string) string {
	t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Dir = root()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("atlas %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestStockAtlasAcceptsTheProject(t *testing.T) {
	path, _ := stockAtlas(t)
	dev := pgtest.New(t)
	atlas(t, path, "migrate", "validate", "--env", "prod", "--dev-url", dev.URL)
}

func TestStockAtlasHasNothingToPlan(t *testing.T) {
	path, _ := stockAtlas(t)
	dev := pgtest.New(t)
	dir := t.TempDir() // a copy: the command writes a file if it finds a difference
	copyProject(t, dir)
	cmd := exec.Command(path, "migrate", "diff", "--env", "prod", "--dev-url", dev.URL)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "no changes to be made") {
		t.Errorf("atlas migrate diff: %v\n%s", err, out)
	}
}

func TestStockAtlasReadsTheJournal(t *testing.T) {
	_, client := stockAtlas(t)
	db := pgtest.New(t)
	mustMage(t, db.URL, "apply", "-to=8cf9148b9ad9")

	ctx := context.Background()
	params := &atlasexec.MigrateStatusParams{Env: "prod", URL: db.URL}
	status, err := client.MigrateStatus(ctx, params)
	if err != nil {
		t.Fatal(err)
	}
	if status.Status != "PENDING" || status.Current != "20251212114853" || status.Next != "20260410120000" ||
		len(status.Applied) != 4 || len(status.Pending) != len(revisions)-4 {
		t.Errorf("after four files: %+v", status)
	}

	mustMage(t, db.URL, "apply")
	if status, err = client.MigrateStatus(ctx, params); err != nil {
		t.Fatal(err)
	}
	if status.Status != "OK" || status.Current != "20260827000000" || len(status.Applied) != len(revisions) || len(status.Pending) != 0 {
		t.Errorf("after all files: %+v", status)
	}
}

// The stock CLI's journal is ours.
func TestStockAtlasAppliesAndWeGoOn(t *testing.T) {
	path, _ := stockAtlas(t)
	db := pgtest.New(t)
	atlas(t, path, "migrate", "apply", "--env", "prod", "--url", db.URL, "--tx-mode", "file")
	out := mustMage(t, db.URL, "apply")
	if !strings.Contains(out, "c4d5e6f7a8b9") {
		t.Errorf("apply after the stock CLI doesn't say what it recorded:\n%s", out)
	}
	alembic, journal := record(t, db.URL)
	if len(alembic) != 1 || alembic[0] != "c4d5e6f7a8b9" || len(journal) != len(revisions) {
		t.Errorf("alembic_version %v, journal %v", alembic, journal)
	}
	if got := mustMage(t, db.URL, "status"); !strings.Contains(got, "c4d5e6f7a8b9") {
		t.Errorf("status prints:\n%s", got)
	}
}

// The stock CLI reads the lint settings that it knows and ignores ours.
func TestStockAtlasAcceptsLintSettings(t *testing.T) {
	path, _ := stockAtlas(t)
	dir := t.TempDir()
	copyProject(t, dir)
	const settings = `
lint {
  check "DS102" { error = true }
  check "dml-in-migration" {}
  check "create-index-blocking" {
    skip = false
    allow_table { match = "tmp_.*" }
  }
  condrop { error = false }
  concurrent_index { error = true }
  data_depend { error = true }
  incompatible { skip = false }
  naming { skip = false }
  blocking { error = true }
  style { skip = true }
  transaction {
    error = true
    force = true
  }
  destructive {
    allow_table { match = "old_.*" }
    allow_column { match = ".*_old" }
  }
  allow_table { match = "audit\\..*" }
  owner "billing" { match = "billing\\..*" }
  small = "10MB"
  sizes = "file://sizes.json"
}
`
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, name)
		old, err := os.ReadFile(file)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(old, text...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("atlas.hcl", settings)
	write("sizes.json", "{\"tables\": []}\n")
	const sql = "-- atlas:nolint dml-in-migration DS103 -- nobody reads it\nALTER TABLE results DROP COLUMN source;\n\nDROP TABLE artifacts;\n"
	write("migrations/20270101000000_x.sql", sql)
	write("migrations/down/20270101000000_x.sql", "-- alembic:down none the data is gone\n\n")
	in := func(name string, args ...string) string {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		out, _ := cmd.CombinedOutput()
		return string(out)
	}
	if out := in(tool, "rehash"); out != "" {
		t.Fatal(out)
	}
	stock := in(path, "migrate", "lint", "--env", "ci", "--latest", "1", "--dev-url", pgtest.New(t).URL)
	want := "20270101000000_x.sql: destructive changes detected:\n\n\tL4: Dropping table \"artifacts\"\n\n" +
		"20270101000000_x.sql: concurrent index violations detected:\n\n\tL2: Dropping index \"ix_results_source\" non-concurrently causes write locks on the \"results\" table\n\n"
	if stock != want {
		t.Errorf("atlas migrate lint prints %q, want %q", stock, want)
	}
	ours := in(tool, "lint", "-latest=1")
	if !strings.Contains(ours, "[DS102 drop-table]") || strings.Contains(ours, "[DS103 drop-column]") {
		t.Errorf("lint prints:\n%s", ours)
	}
}

func copyProject(t testing.TB, dir string) {
	t.Helper()
	for _, name := range inputs {
		if out, err := exec.Command("cp", "-r", filepath.Join(root(), name), dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}
