package onboard_test

import (
	"os"
	"path/filepath"
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
	if _, err := onboard.Init(t.Context(), root, onboard.DefaultPaths); err == nil {
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
	got, err := onboard.Init(t.Context(), root, at)
	if err != nil {
		t.Fatal(err)
	}
	want := &onboard.Result{Written: []string{"atlas.hcl", "db/schema.hcl", ".gitattributes", "db/my migrations/atlas.sum"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err = onboard.Init(t.Context(), root, at); err != nil {
		t.Fatal(err)
	}
	want = &onboard.Result{Kept: []string{"atlas.hcl", "db/schema.hcl", ".gitattributes", "db/my migrations"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
