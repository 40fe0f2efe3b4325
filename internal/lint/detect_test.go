package lint_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
)

// A repo is a git repository with one merged migration in "db dir/migrations" on branch main.
type repo struct {
	t    *testing.T
	dir  string
	root string // the migrations folder
}

func newRepo(t *testing.T) *repo {
	t.Helper()
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1",
		"GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@example.com", "GIT_COMMITTER_NAME": "x", "GIT_COMMITTER_EMAIL": "x@example.com",
	} {
		t.Setenv(name, value)
	}
	dir := t.TempDir()
	r := &repo{t: t, dir: dir, root: filepath.Join(dir, "db dir", "migrations")}
	r.git("init", "-q", "-b", "main")
	r.put(map[string]string{first: "CREATE TABLE a (x int);\n"})
	r.commit()
	return r
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	out, err := exec.Command("git", append([]string{"-C", r.dir}, args...)...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r *repo) put(files map[string]string) { r.t.Helper(); put(r.t, r.root, files) }

func (r *repo) commit() {
	r.t.Helper()
	r.git("add", "-A")
	r.git("commit", "-q", "--allow-empty", "-m", "x")
}

// at returns the repo in another clone or worktree.
func (r *repo) at(dir string) *repo {
	return &repo{t: r.t, dir: dir, root: filepath.Join(dir, "db dir", "migrations")}
}

// clone clones the repository.
func (r *repo) clone(args ...string) *repo {
	r.t.Helper()
	dir := filepath.Join(r.t.TempDir(), "clone")
	r.git(append(append([]string{"clone", "-q"}, args...), "file://"+r.dir, dir)...)
	return r.at(dir)
}

const addB = "CREATE TABLE b (x int);\n"

func TestDetect(t *testing.T) {
	type result struct {
		Base     string // without the commit
		Changed  []string
		Findings []string
	}
	clean := func(base string, files ...string) result { return result{Base: base, Changed: files} }
	for _, test := range []struct {
		name string
		make func(r *repo) *repo
		cfg  lint.Config
		want result
	}{
		{"nothing", func(r *repo) *repo { return r }, lint.Config{}, clean("main")},
		{"untracked", func(r *repo) *repo { r.put(map[string]string{second: addB}); return r }, lint.Config{}, clean("main", second)},
		{"untracked and ignored", func(r *repo) *repo {
			put(r.t, r.root, map[string]string{second: addB, ".gitignore": "*second*\n"})
			return r
		}, lint.Config{}, clean("main", second)},
		{"staged", func(r *repo) *repo { r.put(map[string]string{second: addB}); r.git("add", "-A"); return r }, lint.Config{}, clean("main", second)},
		{"committed on a branch", func(r *repo) *repo {
			r.git("switch", "-q", "-c", "feature")
			r.put(map[string]string{second: addB})
			r.commit()
			r.put(map[string]string{third: "SELECT 1;\n"})
			return r
		}, lint.Config{}, clean("main", second, third)},
		{"committed and edited again", func(r *repo) *repo {
			r.git("switch", "-q", "-c", "feature")
			r.put(map[string]string{second: "DROP TABLE a;\n"})
			r.commit()
			r.put(map[string]string{second: addB})
			return r
		}, lint.Config{}, clean("main", second)},
		{"master", func(r *repo) *repo {
			r.git("branch", "-m", "master")
			r.git("switch", "-q", "-c", "feature")
			r.put(map[string]string{second: addB})
			return r
		}, lint.Config{}, clean("master", second)},
		{"detached head", func(r *repo) *repo {
			r.git("switch", "-q", "--detach")
			r.put(map[string]string{second: addB})
			r.commit()
			return r
		}, lint.Config{}, clean("main", second)},
		{"worktree", func(r *repo) *repo {
			dir := filepath.Join(r.t.TempDir(), "tree")
			r.git("worktree", "add", "-q", "-b", "feature", dir)
			w := r.at(dir)
			w.put(map[string]string{second: addB})
			return w
		}, lint.Config{}, clean("main", second)},
		{"hook in a worktree", func(r *repo) *repo {
			dir := filepath.Join(r.t.TempDir(), "tree")
			r.git("worktree", "add", "-q", "-b", "feature", dir)
			w := r.at(dir)
			w.put(map[string]string{second: addB})
			gitDir := w.git("rev-parse", "--absolute-git-dir")
			r.t.Setenv("GIT_DIR", gitDir)
			r.t.Setenv("GIT_INDEX_FILE", filepath.Join(gitDir, "index"))
			return w
		}, lint.Config{}, clean("main", second)},
		{"folder that git does not know", func(r *repo) *repo {
			w := &repo{t: r.t, dir: r.dir, root: filepath.Join(r.dir, "other", "migrations")}
			w.put(map[string]string{second: addB})
			return w
		}, lint.Config{}, clean("main", second)},
		{"clone", func(r *repo) *repo {
			c := r.clone()
			c.put(map[string]string{second: addB})
			c.commit() // on its own main, ahead of the remote's
			return c
		}, lint.Config{}, clean("origin/HEAD", second)},
		{"pull request", func(r *repo) *repo {
			r.git("branch", "release")
			r.put(map[string]string{second: addB})
			r.commit()
			c := r.clone()
			c.put(map[string]string{third: "SELECT 1;\n"})
			return c
		}, lint.Config{LookupEnv: func(string) (string, bool) { return "release", true }}, clean("origin/release", second, third)},
		{"given base", func(r *repo) *repo {
			r.git("tag", "v1")
			r.put(map[string]string{second: addB})
			r.commit()
			return r
		}, lint.Config{Base: "v1"}, clean("v1", second)},
		{"given base that only the remote has", func(r *repo) *repo {
			r.git("branch", "release")
			r.put(map[string]string{second: addB})
			r.commit()
			return r.clone()
		}, lint.Config{Base: "release"}, clean("origin/release", second)},
		{"shallow with enough history", func(r *repo) *repo {
			r.put(map[string]string{second: addB})
			r.commit()
			return r.clone("--depth=2")
		}, lint.Config{Base: "HEAD~1"}, clean("HEAD~1", second)},
		{"base went on", func(r *repo) *repo {
			r.git("switch", "-q", "-c", "feature")
			r.put(map[string]string{third: addB})
			r.commit()
			r.git("switch", "-q", "main")
			r.put(map[string]string{second: "SELECT 1;\n"})
			r.commit()
			r.git("switch", "-q", "feature")
			return r
		}, lint.Config{}, clean("main", third)},
		{"base went on past it", func(r *repo) *repo {
			r.git("switch", "-q", "-c", "feature")
			r.put(map[string]string{second: addB})
			r.commit()
			r.git("switch", "-q", "main")
			r.put(map[string]string{third: "SELECT 1;\n"})
			r.commit()
			r.git("switch", "-q", "feature")
			return r
		}, lint.Config{}, result{"main", []string{second}, []string{second + ":0:0: error non-linear-history IB608: the version is earlier than that of " + third +
			", which is already merged: databases that have run that file won't run this one; give it a later version (rebase does that)"}}},
		{"base has the same version", func(r *repo) *repo {
			r.git("switch", "-q", "-c", "feature")
			r.put(map[string]string{second: addB})
			r.commit()
			r.git("switch", "-q", "main")
			r.put(map[string]string{"20260102000000_other.sql": "SELECT 1;\n"})
			r.commit()
			r.git("switch", "-q", "feature")
			return r
		}, lint.Config{}, result{"main", []string{second}, []string{second + ":0:0: error non-linear-history IB608: version 20260102000000 is also that of 20260102000000_other.sql, which is already merged: give the file a later version (rebase does that)"}}},
		{"base has the same file", func(r *repo) *repo {
			r.git("switch", "-q", "-c", "feature")
			r.put(map[string]string{second: addB})
			r.commit()
			r.git("switch", "-q", "main")
			r.put(map[string]string{second: addB, "README": "x"})
			r.commit()
			r.git("switch", "-q", "feature")
			return r
		}, lint.Config{}, clean("main", second)},
		{"out of order", func(r *repo) *repo {
			r.put(map[string]string{"20250101000000_early.sql": "CREATE TABLE b AS SELECT * FROM a;\n"})
			return r
		}, lint.Config{}, result{"main", []string{"20250101000000_early.sql"}, []string{"20250101000000_early.sql:0:0: error non-linear-history IB608: the version is earlier than that of " + first +
			", which is already merged: databases that have run that file won't run this one; give it a later version (rebase does that)"}}},
		{"edited", func(r *repo) *repo {
			r.put(map[string]string{first: "CREATE TABLE a (x int, y int);\n"})
			return r
		}, lint.Config{}, result{"main", nil, []string{first + ":0:0: error edited-applied-file IB609: the file is already merged and was edited: databases that have run it won't run it again; restore it, and write a new migration"}}},
		{"down file edited", func(r *repo) *repo {
			r.put(map[string]string{"down/" + first: "DROP TABLE a;\n"})
			r.commit()
			r.put(map[string]string{"down/" + first: "DROP TABLE IF EXISTS a;\n"})
			return r
		}, lint.Config{}, clean("main")},
		{"deleted", func(r *repo) *repo {
			r.put(map[string]string{second: addB})
			r.commit()
			r.git("switch", "-q", "-c", "feature")
			r.put(map[string]string{second: "-"})
			return r
		}, lint.Config{}, result{"main", nil, []string{second + ":0:0: error edited-applied-file IB609: the file is already merged and was deleted: databases that have run it no longer match the directory; restore it"}}},
		{"renamed", func(r *repo) *repo {
			r.put(map[string]string{second: addB})
			r.commit()
			r.git("mv", "db dir/migrations/"+second, "db dir/migrations/20260102000000_renamed.sql")
			r.put(nil)
			return r
		}, lint.Config{}, result{"main", []string{"20260102000000_renamed.sql"}, []string{
			"20260102000000_renamed.sql:0:0: error non-linear-history IB608: version 20260102000000 is also that of " + second + ", which is already merged: give the file a later version (rebase does that)",
			second + ":0:0: error edited-applied-file IB609: the file is already merged and was renamed to 20260102000000_renamed.sql: databases that have run it would run it again; rename it back to " + second + ""}}},
		{"renamed and edited", func(r *repo) *repo {
			r.put(map[string]string{second: addB})
			r.commit()
			r.put(map[string]string{second: "-", third: addB + "\n"})
			return r
		}, lint.Config{}, result{"main", []string{third}, []string{
			second + ":0:0: error edited-applied-file IB609: the file is already merged and was deleted: databases that have run it no longer match the directory; restore it"}}},
		{"line ends converted by git", func(r *repo) *repo {
			r.git("config", "core.autocrlf", "true")
			put(r.t, r.root, map[string]string{first: "CREATE TABLE a (x int);\r\n"})
			return r
		}, lint.Config{}, clean("main")},
		{"other files", func(r *repo) *repo {
			if err := os.WriteFile(filepath.Join(r.dir, second), []byte("x"), 0o644); err != nil {
				r.t.Fatal(err)
			}
			r.put(map[string]string{"README": "x", "more/" + second: "x"})
			r.commit()
			return r
		}, lint.Config{}, clean("main")},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := test.make(newRepo(t))
			got := mustRun(t, r.root, test.cfg)
			base, commit, _ := strings.Cut(got.Base, " at ")
			if len(commit) != 8 {
				t.Errorf("base %q", got.Base)
			}
			var changed []string
			for _, f := range got.Files {
				if f.Text != "" && f.Name != first {
					changed = append(changed, f.Name)
				}
			}
			if len(changed) != got.Changed {
				t.Errorf("%d changed, %v", got.Changed, changed)
			}
			if diff := cmp.Diff(test.want, result{base, changed, findings(got)}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDetectErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(r *repo) *repo
		cfg  lint.Config
		want string // $DIR is the migrations folder
	}{
		{"no git repository", func(r *repo) *repo {
			if err := os.RemoveAll(filepath.Join(r.dir, ".git")); err != nil {
				r.t.Fatal(err)
			}
			r.t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(r.dir))
			return r
		}, lint.Config{}, "$DIR isn't in a git repository, so the changed files can't be determined: use -latest=N for the last N files"},
		{"no commits", func(r *repo) *repo {
			if err := os.RemoveAll(filepath.Join(r.dir, ".git")); err != nil {
				r.t.Fatal(err)
			}
			r.git("init", "-q", "-b", "main")
			return r
		}, lint.Config{}, "the git repository has no commits yet: commit the migrations that databases have run, or use -latest=N for the last N files"},
		{"somebody else's", func(r *repo) *repo {
			if os.Getuid() != 0 {
				r.t.Skip("needs root")
			}
			if err := os.Chown(r.dir, 65534, 65534); err != nil {
				r.t.Fatal(err)
			}
			return r
		}, lint.Config{}, "git refuses to read the repository of $DIR: detected dubious ownership in repository at '$REPO': run git config --global --add safe.directory with that folder, or use -latest=N for the last N files"},
		{"no git", func(r *repo) *repo { r.t.Setenv("PATH", r.t.TempDir()); return r }, lint.Config{},
			"git isn't installed, so the changed files can't be determined: install git, or use -latest=N for the last N files"},
		{"no base", func(r *repo) *repo { r.git("branch", "-m", "trunk"); return r }, lint.Config{},
			"git has neither origin/HEAD nor main nor master to compare with: name the branch that this change will be merged into with -base=REVISION, or with lint.git.base in atlas.hcl, or use -latest=N for the last N files"},
		{"unknown base", func(r *repo) *repo { return r }, lint.Config{Base: "nothing"},
			`base "nothing" isn't in this clone: fetch it (git fetch origin nothing), or use -latest=N for the last N files`},
		{"base that looks like a flag", func(r *repo) *repo { return r }, lint.Config{Base: "--all"},
			`base "--all" isn't in this clone: fetch it (git fetch origin --all), or use -latest=N for the last N files`},
		{"shallow pull request", func(r *repo) *repo {
			r.git("switch", "-q", "-c", "feature")
			r.put(map[string]string{second: addB})
			r.commit()
			return r.clone("--depth=1", "--branch=feature")
		}, lint.Config{LookupEnv: func(string) (string, bool) { return "main", true }},
			"the pull request's base origin/main isn't in this clone, which is shallow: fetch the history (fetch-depth: 0 in actions/checkout, git fetch --unshallow elsewhere), or use -latest=N for the last N files"},
		{"shallow branch", func(r *repo) *repo {
			r.git("switch", "-q", "-c", "feature")
			r.put(map[string]string{second: addB})
			r.commit()
			r.git("switch", "-q", "main")
			return r.clone("--depth=1", "--branch=feature")
		}, lint.Config{},
			"neither origin/HEAD nor main nor master is in this clone, which is shallow: fetch the history (fetch-depth: 0 in actions/checkout, git fetch --unshallow elsewhere), or use -latest=N for the last N files"},
		{"shallow without the merge base", func(r *repo) *repo {
			r.git("switch", "-q", "-c", "feature")
			r.put(map[string]string{second: addB})
			r.commit()
			r.git("switch", "-q", "main")
			r.commit()
			r.git("switch", "-q", "feature")
			return r.clone("--depth=1", "--no-single-branch")
		}, lint.Config{Base: "origin/main"},
			"the merge base with origin/main isn't in this clone, which is shallow: fetch the history (fetch-depth: 0 in actions/checkout, git fetch --unshallow elsewhere), or use -latest=N for the last N files"},
		{"submodule", func(r *repo) *repo {
			if err := os.RemoveAll(r.root); err != nil {
				r.t.Fatal(err)
			}
			r.commit()
			other := newRepo(r.t)
			r.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", other.dir, "db dir/migrations")
			r.root = filepath.Join(r.root, "db dir", "migrations")
			return r
		}, lint.Config{}, "$DIR is in another git repository than the project, so the changed files can't be determined: keep the migrations in the project's repository, or use -latest=N for the last N files"},
		{"a repository in none", func(r *repo) *repo {
			r.t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(r.dir))
			if err := os.Rename(filepath.Join(r.dir, ".git"), filepath.Join(r.root, ".git")); err != nil {
				r.t.Fatal(err)
			}
			return r
		}, lint.Config{}, "$DIR is in another git repository than the project, so the changed files can't be determined: keep the migrations in the project's repository, or use -latest=N for the last N files"},
		{"unrelated", func(r *repo) *repo {
			r.git("switch", "-q", "--orphan", "feature")
			r.put(map[string]string{second: addB})
			r.commit()
			return r
		}, lint.Config{}, "this change and main have no common ancestor: name another base with -base=REVISION, or use -latest=N for the last N files"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := test.make(newRepo(t))
			test.cfg.Project = filepath.Join(r.dir, "db dir")
			_, err := run(t, r.root, test.cfg)
			var detect *lint.DetectError
			if !errors.As(err, &detect) {
				t.Fatalf("%v isn't a DetectError", err)
			}
			if diff := cmp.Diff(strings.NewReplacer("$DIR", r.root, "$REPO", r.dir).Replace(test.want), err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLatestNeedsNoGit lints where there is no git repository.
func TestLatestNeedsNoGit(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	root := folder(t, map[string]string{first: shop})
	if r := mustRun(t, root, lint.Config{Latest: 1}); r.Failed() {
		t.Error(findings(r))
	}
}

// write writes files by their path from the project's folder. The contents "link" make a symbolic link, "gone" removes
// the file.
func (r *repo) write(files map[string]string) {
	r.t.Helper()
	for name, text := range files {
		path := filepath.Join(r.dir, "db dir", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.t.Fatal(err)
		}
		err := os.RemoveAll(path)
		switch {
		case err != nil:
		case text == "link":
			err = os.Symlink(filepath.Join("migrations", first), path)
		case text == "gone":
			err = os.RemoveAll(filepath.Dir(path))
		default:
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			r.t.Fatal(err)
		}
	}
}
