package onboard_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/onboard"
)

// A link isn't followed, and nothing is written.
func TestInitThroughLink(t *testing.T) {
	outside, root := t.TempDir(), t.TempDir()
	if err := os.Symlink(filepath.Join(outside, "schema.hcl"), filepath.Join(root, "schema.hcl")); err != nil {
		t.Fatal(err)
	}
	if _, err := onboard.Init(t.Context(), root, onboard.DefaultPaths, false); err == nil {
		t.Error("there is no error")
	}
	for folder, want := range map[string][]string{outside: nil, root: {"schema.hcl"}} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			got = append(got, e.Name())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestInitElsewhere(t *testing.T) {
	root := t.TempDir()
	at := onboard.Paths{Config: "atlas.hcl", Schema: "db/schema.hcl", Migrations: "db/my migrations"}
	got, err := onboard.Init(t.Context(), root, at, true)
	if err != nil {
		t.Fatal(err)
	}
	want := &onboard.Result{Written: []string{"atlas.hcl", "db/schema.hcl", ".gitattributes", ".gitignore", "db/my migrations/atlas.sum", onboard.Workflow}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err = onboard.Init(t.Context(), root, at, true); err != nil {
		t.Fatal(err)
	}
	want = &onboard.Result{Kept: []string{"atlas.hcl", "db/schema.hcl", ".gitattributes", ".gitignore", "db/my migrations", onboard.Workflow}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The guide shows the workflow, with the paths of the project that it is in.
func TestWorkflow(t *testing.T) {
	root := t.TempDir()
	if _, err := onboard.Init(t.Context(), root, onboard.DefaultPaths, true); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, onboard.Workflow)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile("../../docs/howto/merge-queue.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(guide), "```yaml\n")
	block, rest, _ := strings.Cut(block, "```")
	_, queued, _ := strings.Cut(rest, "```yaml\n")
	queued, _, _ = strings.Cut(queued, "```")
	if diff := cmp.Diff(block, string(text)); diff != "" {
		t.Errorf("the guide's block and the file:\n%s", diff)
	}
	elsewhere := t.TempDir()
	if _, err := onboard.Init(t.Context(), elsewhere, onboard.Paths{Config: "atlas.hcl", Schema: "db/a.hcl", Migrations: "db/m"}, true); err != nil {
		t.Fatal(err)
	}
	moved, err := os.ReadFile(filepath.Join(elsewhere, onboard.Workflow))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("- schema.hcl", `- "db/a.hcl"`, `"migrations/**"`, `"db/m/**"`).Replace(string(text))
	if diff := cmp.Diff(want, string(moved)); diff != "" {
		t.Error(diff)
	}
	guide, err = os.ReadFile("../../docs/importing-alembic.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ = strings.Cut(string(guide), "```yaml\n")
	block, _, _ = strings.Cut(block, "```")
	weekly := filepath.Join(elsewhere, filepath.Dir(onboard.Workflow), "upstream.yml")
	if err := os.WriteFile(weekly, []byte(block), 0o644); err != nil {
		t.Fatal(err)
	}
	queue := filepath.Join(elsewhere, filepath.Dir(onboard.Workflow), "queue.yml")
	if err := os.WriteFile(queue, []byte(queued), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "tool", "actionlint", "-shellcheck=", "-pyflakes=", file, filepath.Join(elsewhere, onboard.Workflow), weekly, queue)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("actionlint: %v\n%s", err, out)
	}
}
