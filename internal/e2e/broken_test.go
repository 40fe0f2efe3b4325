package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// put writes files into a folder, by slash-separated paths.
func put(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// branches makes a project on the branch work, whose own migration has the version of one of
// main's. The two are called mine and theirs, and main is not merged yet.
func branches(t *testing.T, mine, theirs string) string {
	t.Helper()
	dir := gitProject(t)
	commit := func(name string) {
		t.Helper()
		put(t, dir, map[string]string{
			"migrations/20260103000000_" + name + ".sql":      "CREATE TABLE " + name + " (id int);\n",
			"migrations/down/20260103000000_" + name + ".sql": "DROP TABLE " + name + ";\n",
		})
		if out, code := run(t, dir, "", "rehash"); code != 0 {
			t.Fatalf("rehash: exit code %d\n%s", code, out)
		}
		gitIn(t, dir, "add", ".")
		gitIn(t, dir, "commit", "-q", "-m", name)
	}
	commit(mine)
	gitIn(t, dir, "switch", "-q", "main")
	commit(theirs)
	gitIn(t, dir, "switch", "-q", "work")
	table := func(name, key string) string {
		return "table \"" + name + "\" {\n  schema = schema.public\n  column \"id\" {\n    type = int\n    null = " + key + "\n  }\n"
	}
	text := "schema \"public\" {\n}\n"
	for _, name := range []string{"a", "b"} {
		text += table(name, "false") + "  primary_key {\n    columns = [column.id]\n  }\n}\n"
	}
	for _, name := range []string{mine, theirs} {
		text += table(name, "true") + "}\n"
	}
	put(t, dir, map[string]string{"schema.hcl": text})
	return dir
}

// merge merges main, and has git end in a conflict.
func merge(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command("git", "-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "merge", "main")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "CONFLICT") {
		t.Fatalf("git merges without a conflict: %v\n%s", err, out)
	}
}

// TestRebaseOneVersion has both branches make a migration of one version, and breaks what
// else is in the folder: rebase moves the branch's own, or says what it can't read and
// changes nothing.
func TestRebaseOneVersion(t *testing.T) {
	const own, other = "20260103000000_mine.sql", "20260103000000_theirs.sql"
	tests := map[string]struct {
		broken func(t *testing.T, migrations string)
		code   int
		says   string
	}{
		"as git leaves it": {func(*testing.T, string) {}, 0, "moved " + own},
		"no sums": {func(t *testing.T, m string) {
			for _, name := range []string{"atlas.sum", "down/atlas.sum"} {
				if err := os.Remove(filepath.Join(m, name)); err != nil {
					t.Fatal(err)
				}
			}
		}, 0, "moved " + own},
		"garbled sum": {func(t *testing.T, m string) { put(t, m, map[string]string{"atlas.sum": "\x00\xff"}) }, 0, "moved " + own},
		"no down folder": {func(t *testing.T, m string) {
			if err := os.RemoveAll(filepath.Join(m, "down")); err != nil {
				t.Fatal(err)
			}
		}, 3, "moved " + own},
		"a down file too much": {func(t *testing.T, m string) { put(t, m, map[string]string{"down/20260104000000_x.sql": "SELECT 1;\n"}) },
			1, "down/20260104000000_x.sql: there is no migration"},
		"conflict in the own":  {func(t *testing.T, m string) { put(t, m, map[string]string{own: "<<<<<<< a\n=======\n>>>>>>> b\n"}) }, 1, own + ":1: git's conflict markers"},
		"syntax error":         {func(t *testing.T, m string) { put(t, m, map[string]string{own: "SELECT 'x;\n"}) }, 1, own + ":1:"},
		"fails":                {func(t *testing.T, m string) { put(t, m, map[string]string{own: "SELEC 1;\n"}) }, 1, own + ":1:1 fails: "},
		"controls transaction": {func(t *testing.T, m string) { put(t, m, map[string]string{own: "COMMIT;\n"}) }, 1, own + ":1:1: COMMIT: transactions are opened"},
		"another version twice": {func(t *testing.T, m string) {
			put(t, m, map[string]string{"20260102000000_c.sql": "SELECT 1;\n", "20260103000000_d.sql": "SELECT 1;\n"})
		}, 3, "20260103000000_d.sql -> "},
		"merged file edited": {func(t *testing.T, m string) { put(t, m, map[string]string{other: "SELECT 1;\n"}) },
			1, "git checkout main -- migrations/" + other},
		"no folder": {func(t *testing.T, m string) {
			if err := os.RemoveAll(m); err != nil {
				t.Fatal(err)
			}
		}, 1, "there is no folder "},
	}
	project := branches(t, "mine", "theirs")
	merge(t, project)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "project")
			if err := os.CopyFS(dir, os.DirFS(project)); err != nil {
				t.Fatal(err)
			}
			test.broken(t, filepath.Join(dir, "migrations"))
			before := entries(t, dir)
			out, code := run(t, dir, "", "rebase")
			if code != test.code || !strings.Contains(out, test.says) || crashed(out) {
				t.Errorf("exit code %d, want %d and %q\n%s", code, test.code, test.says, out)
			}
			if code == 1 {
				if diff := cmp.Diff(before, entries(t, dir)); diff != "" {
					t.Errorf("files were changed:\n%s", diff)
				}
			}
			if code != 0 {
				return
			}
			for _, command := range []string{"check", "rebase"} {
				if out, code := run(t, dir, "", command); code != 0 {
					t.Errorf("then %s: exit code %d\n%s", command, code, out)
				}
			}
		})
	}
}

// crashed reports whether a command has ended in a way that is no answer.
func crashed(out string) bool {
	for _, sign := range []string{"panic", "goroutine ", "runtime error", "nil pointer", "%!", "<nil>"} {
		if strings.Contains(out, sign) {
			return true
		}
	}
	return false
}
