package gitdiff_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/gitdiff"
)

// What is compared with the merge base, and what with the base's tip, which went on. How the
// base is found is tested where lint does.
func TestCompare(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "a b", "migrations")
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
			"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	commit := func() { git("add", "-A"); git("commit", "-q", "-m", "x") }

	git("init", "-q", "-b", "main")
	put("1_a.sql", "a")
	put("2_ü \"b\".sql", "b")
	put("down/1_a.sql", "a")
	put("README", "x")
	commit()
	git("switch", "-q", "-c", "feature")
	put("3_own.sql", "own")
	commit()
	git("switch", "-q", "main")
	put("1_a.sql", "changed there")
	put("4_base.sql", "base")
	commit()
	git("switch", "-q", "feature")
	put("2_ü \"b\".sql", "changed here, uncommitted")
	put("5_untracked.sql", "own too")

	d, err := gitdiff.Compare(context.Background(), gitdiff.Config{Root: root, LookupEnv: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Tip) != 40 || len(d.MergeBase) != 40 || d.Tip == d.MergeBase {
		t.Errorf("tip %s, merge base %s", d.Tip, d.MergeBase)
	}
	d.Tip, d.MergeBase = "", ""
	want := &gitdiff.Diff{
		Base:   "main",
		Merged: []string{"1_a.sql", "2_ü \"b\".sql"}, Upstream: []string{"1_a.sql", "2_ü \"b\".sql", "4_base.sql"},
		Edited: []string{"2_ü \"b\".sql"}, EditedTip: []string{"1_a.sql", "2_ü \"b\".sql", "4_base.sql"},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}

	var refused *gitdiff.Error
	if _, err := gitdiff.Compare(context.Background(), gitdiff.Config{}); !errors.As(err, &refused) {
		t.Errorf("without a folder: %v", err)
	}
}
