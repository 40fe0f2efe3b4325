package tree

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReplaceUndoes fails in the middle of the renames, because a folder has taken the second file's path.
func TestReplaceUndoes(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "old"), []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "gone"), []byte("kept"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir, err := os.OpenRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	err = Replace(dir, []NewFile{{"old", "after"}, {"new", "x"}, {"b", "x"}, {"b/c", "x"}}, []string{"gone"})
	if err == nil {
		t.Fatal("no error")
	}
	got := make(map[string]string)
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(root, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = string(b)
	}
	if diff := cmp.Diff(map[string]string{"old": "before", "gone": "kept"}, got); diff != "" {
		t.Error(diff)
	}
}
