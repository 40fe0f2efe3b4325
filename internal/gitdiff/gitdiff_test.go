package gitdiff_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/gitdiff"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// TestCompare compares with the merge base and with the base's tip, which has moved on. Package lint tests how the base
// is found.
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

// A file that wasn't regular at the merge base was never a migration, so its contents aren't read.
func TestCompareLinks(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "migrations")
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
			"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	path := func(name string) string { return filepath.Join(root, name) }
	try(os.MkdirAll(path("6_folder.sql"), 0o755))
	try(os.WriteFile(path("1_file.sql"), []byte("SELECT 1;"), 0o644))
	try(os.WriteFile(path("2_executable.sql"), []byte("SELECT 2;"), 0o755))
	try(os.WriteFile(path("6_folder.sql/x.sql"), nil, 0o644))
	try(os.Symlink("1_file.sql", path("3_replaced.sql")))
	try(os.Symlink("/etc/passwd", path("4_gone.sql")))
	try(os.Symlink("1_file.sql", path("5_other.sql")))
	try(os.WriteFile(path("7_large.sql"), nil, 0o644))
	try(os.Truncate(path("7_large.sql"), tree.MaxSize+1))
	try(os.WriteFile(path("8_small.sql"), []byte("SELECT 8;"), 0o644))
	git("init", "-q", "-b", "main")
	git("add", "-A")
	git("commit", "-q", "-m", "x")
	git("switch", "-q", "-c", "feature")
	for _, name := range []string{"3_replaced.sql", "4_gone.sql", "5_other.sql", "7_large.sql", "8_small.sql"} {
		try(os.Remove(path(name)))
	}
	try(os.WriteFile(path("3_replaced.sql"), []byte("SELECT 3;"), 0o644))
	try(os.Symlink("2_executable.sql", path("5_other.sql")))

	schema := filepath.Join(dir, "schema.hcl")
	try(os.Symlink("nowhere", schema))
	d, err := gitdiff.Compare(context.Background(), gitdiff.Config{Root: root, File: schema, LookupEnv: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	d.Tip, d.MergeBase = "", ""
	names := []string{"1_file.sql", "2_executable.sql", "7_large.sql", "8_small.sql"}
	gone := []string{"7_large.sql", "8_small.sql"}
	want := &gitdiff.Diff{
		Base: "main", Merged: names, Upstream: names, Edited: gone, EditedTip: gone,
		Gone: map[string]string{"8_small.sql": "SELECT 8;"}, FileChanged: true,
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
}

// TestCompareMoved compares a folder with another one of the base, whatever the base has in it.
func TestCompareMoved(t *testing.T) {
	dir := t.TempDir()
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
		path := filepath.Join(dir, "a b", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	commit := func() { git("add", "-A"); git("commit", "-q", "-m", "x") }

	git("init", "-q", "-b", "main")
	git("config", "core.autocrlf", "true")
	const odd = "--3_ü \"b\".sql"
	for _, name := range []string{"1_same.sql", "2_edited.sql", odd, "4_gone.sql", "5_link.sql", "6_ends.sql"} {
		put("old/"+name, name+"\n")
		put("x/new/"+name, name+"\n")
	}
	put("x/new/2_edited.sql", "other\n")
	put("x/new/7_hidden.sql", "not a migration in main\n")
	commit()
	git("switch", "-q", "-c", "feature")
	for _, name := range []string{"4_gone.sql", "5_link.sql"} {
		if err := os.Remove(filepath.Join(dir, "a b/x/new", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../../old/5_link.sql", filepath.Join(dir, "a b/x/new/5_link.sql")); err != nil {
		t.Fatal(err)
	}
	put("x/new/6_ends.sql", "6_ends.sql\r\n")
	commit()
	git("switch", "-q", "main")
	put("old/8_base.sql", "x")
	commit()
	git("switch", "-q", "feature")

	compare := func(merged, tip string) *gitdiff.Diff {
		t.Helper()
		d, err := gitdiff.Compare(t.Context(), gitdiff.Config{
			Root: filepath.Join(dir, "a b/x/new"), MergedDir: merged, TipDir: tip,
			LookupEnv: func(string) (string, bool) { return "", false },
		})
		if err != nil {
			t.Fatal(err)
		}
		d.Tip, d.MergeBase = "", ""
		return d
	}
	names := []string{odd, "1_same.sql", "2_edited.sql", "4_gone.sql", "5_link.sql", "6_ends.sql"}
	edited := []string{"2_edited.sql", "4_gone.sql", "5_link.sql"}
	want := &gitdiff.Diff{
		Base: "main", Merged: names, Upstream: append(slices.Clone(names), "8_base.sql"), Edited: edited, EditedTip: append(slices.Clone(edited), "8_base.sql"),
		Gone: map[string]string{"4_gone.sql": "4_gone.sql\n"},
	}
	if diff := cmp.Diff(want, compare("../../old", "../../old")); diff != "" {
		t.Error(diff)
	}
	want = &gitdiff.Diff{Base: "main"}
	if diff := cmp.Diff(want, compare("../../nowhere", "../../old/1_same.sql")); diff != "" {
		t.Error(diff)
	}
}

// TestFindBase finds the base where tags and branches have misleading names. They all point to HEAD, so that nothing
// would differ from them.
func TestFindBase(t *testing.T) {
	for _, test := range []struct {
		name, base, env string
		refs            []string // full names of what points to HEAD
		want            string   // full name of the base
		shown           string
	}{
		{"default", "", "", []string{"refs/tags/origin/HEAD", "refs/tags/main"}, "refs/remotes/origin/HEAD", "origin/HEAD"},
		{"pull request", "", "main", []string{"refs/tags/origin/main", "refs/heads/origin/main"}, "refs/remotes/origin/main", "origin/main"},
		{"pull request to another branch", "", "release", []string{"refs/tags/origin/release"}, "refs/remotes/origin/release", "origin/release"},
		{"remote branch", "origin/release", "", []string{"refs/tags/origin/release", "refs/heads/origin/release"}, "refs/remotes/origin/release", "origin/release"},
		{"branch that only the remote has", "release", "", []string{"refs/tags/release", "refs/tags/origin/release"}, "refs/remotes/origin/release", "origin/release"},
		{"local branch", "main", "", []string{"refs/tags/main"}, "refs/heads/main", "main"},
		{"before a branch", "main~0", "", []string{"refs/tags/main"}, "refs/heads/main", "main~0"},
		{"full name", "refs/remotes/origin/main", "", []string{"refs/tags/refs/remotes/origin/main"}, "refs/remotes/origin/main", "refs/remotes/origin/main"},
		{"tag", "v1", "", nil, "refs/tags/v1", "v1"},
		{"tag with a branch's name", "refs/tags/v1", "", []string{"refs/heads/v1"}, "refs/tags/v1", "refs/tags/v1"},
		{"HEAD", "HEAD", "", nil, "HEAD", "HEAD"},
		{"before HEAD", "HEAD~1", "", nil, "HEAD~1", "HEAD~1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			git := func(args ...string) string {
				t.Helper()
				cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
				cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
					"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com")
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("git %v: %v", args, err)
				}
				return strings.TrimSpace(string(out))
			}
			git("init", "-q", "-b", "main")
			git("commit", "-q", "--allow-empty", "-m", "old")
			for _, ref := range []string{"refs/remotes/origin/main", "refs/remotes/origin/release", "refs/tags/v1"} {
				git("update-ref", ref, "HEAD")
			}
			git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
			git("switch", "-q", "-c", "feature")
			git("commit", "-q", "--allow-empty", "-m", "new")
			for _, ref := range test.refs {
				git("update-ref", ref, "HEAD")
			}
			want := git("rev-parse", test.want)
			b, err := gitdiff.FindBase(t.Context(), gitdiff.Config{Root: dir, Base: test.base, LookupEnv: func(string) (string, bool) { return test.env, true }})
			if err != nil {
				t.Fatal(err)
			}
			if b.Name != test.shown || b.Tip != want || b.MergeBase != want {
				t.Errorf("%s at %s, merge base %s, want %s at %s", b.Name, b.Tip, b.MergeBase, test.shown, want)
			}
		})
	}
}
