package e2e

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ariga.io/atlas-go-sdk/atlasexec"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// stockAtlas builds the stock Atlas CLI, and returns its path and the SDK's client
// for it on this repository's own project.
func stockAtlas(t testing.TB) (string, *atlasexec.Client) {
	t.Helper()
	path, err := atlasCLI()
	if err != nil {
		t.Fatal(err)
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
		len(status.Applied) != 4 || len(status.Pending) != 2 {
		t.Errorf("after four of six files: %+v", status)
	}

	mustMage(t, db.URL, "apply")
	if status, err = client.MigrateStatus(ctx, params); err != nil {
		t.Fatal(err)
	}
	if status.Status != "OK" || status.Current != "20260518193000" || len(status.Applied) != 6 || len(status.Pending) != 0 {
		t.Errorf("after all six files: %+v", status)
	}
}

// What the stock CLI applies is what we apply: its journal is ours.
func TestStockAtlasAppliesAndWeGoOn(t *testing.T) {
	path, _ := stockAtlas(t)
	db := pgtest.New(t)
	atlas(t, path, "migrate", "apply", "--env", "prod", "--url", db.URL, "--tx-mode", "file")
	out := mustMage(t, db.URL, "apply")
	if !strings.Contains(out, "d18de2b3253f") {
		t.Errorf("apply behind the stock CLI doesn't say where it settled:\n%s", out)
	}
	alembic, journal := record(t, db.URL)
	if len(alembic) != 1 || alembic[0] != "d18de2b3253f" || len(journal) != 6 {
		t.Errorf("alembic_version %v, journal %v", alembic, journal)
	}
	if got := mustMage(t, db.URL, "status"); !strings.Contains(got, "d18de2b3253f") {
		t.Errorf("status prints:\n%s", got)
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
