package e2e

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// token is a secret that a project's inputs must not reveal.
const token = "ghs_s3cr3tCanary"

// gitProject makes a project in a git repository that contains the token, as a checkout in CI does, on a branch with
// its own migration.
func gitProject(t *testing.T) string {
	t.Helper()
	dir := projectOf(t, map[string]string{
		"20260101000000_a.sql":      "CREATE TABLE a (id int PRIMARY KEY);\n",
		"20260102000000_b.sql":      "CREATE TABLE b (id int PRIMARY KEY);\n",
		"down/20260101000000_a.sql": "DROP TABLE a;\n",
		"down/20260102000000_b.sql": "DROP TABLE b;\n",
	})
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"}, {"add", "."}, {"commit", "-q", "-m", "x"}, {"switch", "-q", "-c", "work"},
		{"config", "http.https://github.com/.extraheader", "AUTHORIZATION: basic " + token},
	} {
		gitIn(t, dir, args...)
	}
	return dir
}

func gitIn(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// run is like in, with a time limit.
func run(t *testing.T, dir, url string, args ...string) (output string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := in(dir, url, args...)
	limited := exec.CommandContext(ctx, cmd.Path, cmd.Args[1:]...)
	limited.Dir, limited.Env = cmd.Dir, cmd.Env
	out, _ := limited.CombinedOutput()
	if ctx.Err() != nil {
		t.Errorf("%v hangs", args)
	}
	return string(out), limited.ProcessState.ExitCode()
}

// entries are a folder's entries by path: a file's text, a link's target, or that it can't be read.
func entries(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrPermission) {
			all[path] = "unreadable"
			return nil
		}
		if err != nil {
			return err
		}
		if e.IsDir() && e.Name() == ".git" {
			return fs.SkipDir
		}
		text := e.Type().String()
		switch info, _ := e.Info(); {
		case e.Type()&fs.ModeSymlink != 0:
			text, err = os.Readlink(path)
		case e.Type().IsRegular() && info.Size() < 1<<20:
			var b []byte
			b, err = os.ReadFile(path)
			text = string(b)
		}
		if errors.Is(err, fs.ErrPermission) {
			text, err = "unreadable", nil
		}
		all[path] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestInputs replaces each of a project's files with something that isn't a regular file, and runs every command: it
// names the entry, prints and writes nothing else, and ends.
func TestInputs(t *testing.T) {
	db, project := pgtest.New(t), gitProject(t)
	const linked, fifo, large = "is a symbolic link", "is a FIFO", "is larger than 64 MiB"
	kinds := map[string]struct {
		make func(dir, path string) error
		says string
	}{
		"link out":     {func(dir, path string) error { return os.Symlink(filepath.Join(dir, "..", "netrc"), path) }, linked},
		"link to git":  {func(dir, path string) error { return os.Symlink(filepath.Join(dir, ".git", "config"), path) }, linked},
		"link to zero": {func(dir, path string) error { return os.Symlink("/dev/zero", path) }, linked},
		"FIFO":         {func(dir, path string) error { return syscall.Mkfifo(path, 0o600) }, fifo},
		"large": {func(dir, path string) error {
			if err := os.WriteFile(path, []byte("-- "+token), 0o644); err != nil {
				return err
			}
			return os.Truncate(path, 64<<20+1)
		}, large},
	}
	// The paths, and whether they are folders.
	places := map[string]bool{
		"atlas.hcl": false, "schema.hcl": false,
		"migrations/20260102000000_b.sql": false, "migrations/20260103000000_new.sql": false, "migrations/down/20260102000000_b.sql": false,
		"migrations/effect/20260102000000_b.txt": false, "migrations/atlas.sum": false, "migrations/down/atlas.sum": false,
		"migrations": true, "migrations/down": true, "migrations/effect": true,
	}
	offline := []string{
		"plan", "plan -dryrun", "new -name=x", "check", "rehash", "rebase", "checkpoint", "docs", "version", "history", "inspect",
		"lint", "lint -format=json", "lint -format=sarif", "lint -format=markdown", "lint -format=github", "lint -latest=1",
		"dev:up", "dev:down", "dev:url",
	}
	live := []string{"apply", "apply -dryrun", "down -yes", "down -dryrun", "status", "stamp -to=head"}
	readSchema := []string{"plan", "check", "rehash", "rebase", "checkpoint", "lint"}

	for kind, k := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for place, folder := range places {
				if folder && kind == "large" {
					continue
				}
				dir := filepath.Join(t.TempDir(), "project")
				if err := os.CopyFS(dir, os.DirFS(project)); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, "..", "netrc"), []byte("machine x password "+token+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, filepath.FromSlash(place))
				if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
				if err := k.make(dir, path); err != nil {
					t.Fatal(err)
				}
				commands := slices.Concat(offline, live)
				if kind != "link out" {
					commands = []string{"lint -format=markdown", "plan", "rehash", "apply", "status"}
				}
				before := entries(t, filepath.Dir(dir))
				for _, command := range commands {
					out, code := run(t, dir, db.URL, strings.Fields(command)...)
					what := kind + " at " + place + ": " + command
					if strings.Contains(out, token) {
						t.Errorf("%s shows the token:\n%s", what, out)
					}
					name, _, _ := strings.Cut(command, " ")
					// Commands that run migrations read effects only for a database that isn't empty, and those that
					// don't plan don't read the schema file.
					switch {
					case slices.Contains(live, command) && strings.HasPrefix(place, "migrations/effect"),
						kind == "large" && place == "schema.hcl" && !slices.Contains(readSchema, name):
						continue
					}
					says := k.says
					if command == "rebase" {
						says = "" // the error is that a merged file must be restored
					}
					if code == 0 || !strings.Contains(out, says) || !strings.Contains(out, filepath.Base(place)) {
						t.Errorf("%s: exit code %d\n%s", what, code, out)
					}
					if strings.Contains(out, "goroutine ") || strings.Contains(out, "runtime error") {
						t.Errorf("%s crashes:\n%s", what, out)
					}
				}
				if diff := cmp.Diff(before, entries(t, filepath.Dir(dir))); diff != "" {
					t.Errorf("%s at %s: files were changed:\n%s", kind, place, diff)
				}
			}
		})
	}
}

// fillIn writes a statement that changes nothing into a migration that new has written.
func fillIn(t *testing.T, migrations, name string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(migrations, "*_"+name+".sql"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the migrations named %s are %v, %v", name, files, err)
	}
	if err := os.WriteFile(files[0], []byte("SELECT 1;\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestThroughLink works in a project that is reached through a link, as everything below /tmp is on macOS.
func TestThroughLink(t *testing.T) {
	dir, db := gitProject(t), pgtest.New(t)
	way := filepath.Join(t.TempDir(), "way")
	if err := os.Symlink(dir, way); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"new -name=c", "rehash", "lint", "lint -out=markdown=lint.md", "check", "apply", "down -yes", "status", "rebase", "checkpoint", "plan -dryrun"} {
		want := []int{0}
		if command == "check" || strings.HasPrefix(command, "lint") {
			want = []int{0, 3} // the migrations differ from the schema file
		}
		out, code := run(t, way, db.URL, strings.Fields(command)...)
		if strings.HasPrefix(command, "new") {
			fillIn(t, filepath.Join(dir, "migrations"), "c")
		}
		if !slices.Contains(want, code) || strings.Contains(out, "symbolic link") {
			t.Errorf("%s: exit code %d\n%s", command, code, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "lint.md")); err != nil {
		t.Error(err)
	}
}

// TestOutThroughLink makes lint write a report to a path where a commit has put a link.
func TestOutThroughLink(t *testing.T) {
	dir := gitProject(t)
	outside := filepath.Join(t.TempDir(), "authorized_keys")
	if err := os.WriteFile(outside, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "lint.md")); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"markdown", "sarif", "json", "text", "github"} {
		out, code := run(t, dir, "", "lint", "-out="+format+"=lint.md")
		if code != 1 || !strings.Contains(out, "lint.md is a symbolic link inside the checkout, which is never written through: remove it, or name another file") {
			t.Errorf("%s: exit code %d\n%s", format, code, out)
		}
	}
	if text, err := os.ReadFile(outside); err != nil || string(text) != "kept" {
		t.Errorf("the file outside: %q, %v", text, err)
	}
	// Outside of the project, links are followed.
	out, code := run(t, dir, "", "lint", "-out=markdown=/dev/stdout")
	if code == 1 || strings.Count(out, "ibutsu-schema lint") != 1 {
		t.Errorf("/dev/stdout: exit code %d\n%s", code, out)
	}
}

// TestLinkReplaced lints a change that replaces a link with a file.
func TestLinkReplaced(t *testing.T) {
	dir := gitProject(t)
	path := filepath.Join(dir, "migrations", "20260103000000_c.sql")
	if err := os.Symlink("20260101000000_a.sql", path); err != nil {
		t.Fatal(err)
	}
	gitIn(t, dir, "switch", "-q", "main")
	gitIn(t, dir, "add", ".")
	gitIn(t, dir, "commit", "-q", "-m", "a link")
	gitIn(t, dir, "switch", "-q", "-c", "mended")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{path: "CREATE TABLE c (id int PRIMARY KEY);\n", filepath.Join(dir, "migrations", "down", filepath.Base(path)): "DROP TABLE c;\n"}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(name, []byte(files[name]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, code := run(t, dir, "", "rehash"); code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	out, _ := run(t, dir, "", "lint")
	if !strings.Contains(out, "checked 1 of 3 migrations") || strings.Contains(out, "merged already") {
		t.Errorf("%s", out)
	}
}
