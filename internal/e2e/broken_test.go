package e2e

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
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

// branches makes a project on the branch work, whose own migration has the same version as one of main's. The two are
// called mine and theirs, and main isn't merged yet.
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

// merge merges main, which must end in a conflict.
func merge(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command("git", "-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "merge", "main")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "CONFLICT") {
		t.Fatalf("git merges without a conflict: %v\n%s", err, out)
	}
}

// TestRebaseOneVersion has a migration with the same version on both branches, and breaks other files in the folder:
// rebase moves the branch's own, or says what it can't read and changes nothing.
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
		"controls transaction": {func(t *testing.T, m string) { put(t, m, map[string]string{own: "COMMIT;\n"}) }, 1, own + ":1:1: COMMIT: the file already runs in a transaction"},
		"another version twice": {func(t *testing.T, m string) {
			put(t, m, map[string]string{"20260102000000_c.sql": "SELECT 1;\n", "20260103000000_d.sql": "SELECT 1;\n"})
		}, 3, "20260103000000_d.sql -> "},
		"merged file edited": {func(t *testing.T, m string) { put(t, m, map[string]string{other: "SELECT 1;\n"}) },
			1, "git checkout main -- migrations/" + other},
		"no folder": {func(t *testing.T, m string) {
			if err := os.RemoveAll(m); err != nil {
				t.Fatal(err)
			}
		}, 1, "there is no folder migrations, "},
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

// everything is every command. Those that change a database come last, in an order in which each has something to do.
var everything = []string{
	"version", "history", "status", "lint", "check", "apply -dryrun", "inspect",
	"plan", "new -name=x", "rehash", "rebase", "checkpoint",
	"apply", "stamp -to=head", "down -yes",
}

// Commands for folders that are broken in the same way as others: one of each kind.
var (
	onSums     = []string{"lint", "apply", "rehash"}
	onSchema   = []string{"history", "lint", "plan -dryrun", "rehash", "rebase", "checkpoint", "apply"}
	onGit      = []string{"history", "lint", "rebase"}
	onDatabase = []string{"history", "status", "lint", "inspect", "apply -dryrun", "apply", "stamp -to=head", "down -yes"}
)

// broken are the ways in which a project's folder can be broken. Each gets a copy of a correct project, whose
// migrations a and b are on main, and c is the branch's own.
var broken = []struct {
	name     string
	make     func(t *testing.T, dir string)
	commands []string // nil for everything
}{
	{"in order", func(*testing.T, string) {}, nil},
	{"wrong usage", gone("migrations/atlas.sum"), []string{"apply -n=0", "lint -latest=0", "plan -env=nosuch", "check -format=yaml", "lint -out=x", "rebase -format=sarif"}},

	{"no atlas.sum", gone("migrations/atlas.sum"), nil},
	{"empty atlas.sum", text("migrations/atlas.sum", ""), onSums},
	{"garbled atlas.sum", text("migrations/atlas.sum", binary), onSums},
	{"half an atlas.sum", change("migrations/atlas.sum", func(s string) string { return s[:len(s)/2] }), onSums},
	{"a line less in atlas.sum", change("migrations/atlas.sum", func(s string) string { return s[:strings.LastIndex(strings.TrimSpace(s), "\n")+1] }), onSums},
	{"atlas.sum with a BOM", change("migrations/atlas.sum", func(s string) string { return bom + s }), onSums},
	{"atlas.sum with CRLF", change("migrations/atlas.sum", crlf), onSums},
	{"conflict in atlas.sum", text("migrations/atlas.sum", conflict), nil},
	{"atlas.sum is a folder", asFolder("migrations/atlas.sum"), nil},
	{"no down/atlas.sum", gone("migrations/down/atlas.sum"), []string{"check", "lint", "apply", "rehash"}},
	{"garbled down/atlas.sum", text("migrations/down/atlas.sum", binary), onSums},
	{"conflict in down/atlas.sum", text("migrations/down/atlas.sum", conflict), onSums},
	{"down/atlas.sum is a folder", asFolder("migrations/down/atlas.sum"), nil},

	{"no down folder", gone("migrations/down"), nil},
	{"down is a file", text("migrations/down", "x"), nil},
	{"no down file", gone("migrations/down/" + fileC), nil},
	{"down without migration", text("migrations/down/20260104000000_x.sql", "SELECT 1;\n"), nil},
	{"migration gone, down left", gone("migrations/" + fileC), nil},
	{"empty down file", text("migrations/down/"+fileC, ""), nil},
	{"conflict in a down file", text("migrations/down/"+fileC, conflict), nil},
	{"down file is a folder", asFolder("migrations/down/" + fileC), nil},

	{"no effect folder", gone("migrations/effect"), nil},
	{"effect is a file", text("migrations/effect", "x"), nil},
	{"no effect file", gone("migrations/effect/" + effectC), nil},
	{"empty effect file", text("migrations/effect/"+effectC, ""), []string{"check", "lint", "apply", "rehash"}},
	{"garbled effect", text("migrations/effect/"+effectC, binary), nil},
	{"conflict in an effect", text("migrations/effect/"+effectC, conflict), nil},
	{"effect file is a folder", asFolder("migrations/effect/" + effectC), nil},
	{"effect without migration", text("migrations/effect/20260104000000_x.txt", "x\n"), onSums},

	{"version twice", text("migrations/20260103000000_d.sql", "SELECT 1;\n"), nil},
	{"merged version twice", text("migrations/20260102000000_d.sql", "SELECT 1;\n"), nil},
	{"one digit more", text("migrations/202601040000000_d.sql", "SELECT 1;\n"), onSums},
	{"two revisions in a file", text("migrations/"+fileC, "-- alembic:revision abc123\n-- alembic:revision abc124\n\n"+sqlC), nil},
	{"revision twice", func(t *testing.T, dir string) {
		put(t, dir, map[string]string{
			"migrations/" + fileC:                    "-- alembic:revision abc123\n\n" + sqlC,
			"migrations/20260104000000_revision.sql": "-- alembic:revision abc123\n\nSELECT 1;\n",
		})
	}, nil},
	{"revision is a version", text("migrations/"+fileC, "-- alembic:revision 20260101000000\n\n"+sqlC), nil},
	{"binary migration", text("migrations/"+fileC, binary), nil},
	{"migration in UTF-16", text("migrations/"+fileC, "\xff\xfeC\x00R\x00E\x00A\x00T\x00E\x00"), nil},
	{"migration in Latin-1", text("migrations/"+fileC, "-- caf\xe9\n"+sqlC), nil},
	{"NUL in a migration", text("migrations/"+fileC, "SELECT '\x00';\n"), nil},
	{"empty migration", text("migrations/"+fileC, ""), nil},
	{"migration of comments", text("migrations/"+fileC, "-- Nothing yet.\n"), onSums},
	{"migration with a BOM", text("migrations/"+fileC, bom+sqlC), onSums},
	{"migration with CRLF", text("migrations/"+fileC, crlf(sqlC)), onSums},
	{"migration edited", text("migrations/"+fileC, sqlC+"SELECT 1;\n"), nil},
	{"merged migration edited", text("migrations/20260102000000_b.sql", "SELECT 1;\n"), nil},
	{"merged migration gone", func(t *testing.T, dir string) {
		for _, name := range []string{"migrations/20260102000000_b.sql", "migrations/down/20260102000000_b.sql", "migrations/effect/20260102000000_b.txt"} {
			gone(name)(t, dir)
		}
	}, nil},
	{"conflict in a migration", text("migrations/"+fileC, conflict), nil},
	{"open string", text("migrations/"+fileC, "SELECT 'x;\n"), nil},
	{"open comment", text("migrations/"+fileC, sqlC+"/* x\n"), nil},
	{"syntax error", text("migrations/"+fileC, "CRATE TABLE c (id int);\n"), nil},
	{"unknown directive", text("migrations/"+fileC, "-- atlas:txmod none\n\n"+sqlC), nil},
	{"migration is a folder", asFolder("migrations/" + fileC), nil},
	{"folder like a migration", asFolder("migrations/20260104000000_d.sql"), nil},
	{"only an ending", text("migrations/.sql", "SELECT 1;\n"), nil},
	{"no version", text("migrations/d.sql", "SELECT 1;\n"), nil},
	{"only a version", text("migrations/20260104000000.sql", "SELECT 1;\n"), onSums},
	{"half a version", text("migrations/202601_d.sql", "SELECT 1;\n"), nil},
	{"version and nothing", text("migrations/20260104000000_.sql", "SELECT 1;\n"), onSums},
	{"name with a newline", text("migrations/20260104000000_d\ne.sql", "SELECT 1;\n"), onSums},
	{"an editor's files", func(t *testing.T, dir string) {
		put(t, dir, map[string]string{
			"migrations/" + fileC + "~": "x", "migrations/." + fileC + ".swp": "x", "migrations/#" + fileC + "#": "x", "migrations/" + fileC + ".orig": "x",
		})
	}, onSums},
	{"an interrupted write", text("migrations/.staged-1/0.new", "x"), onSums},
	{"no migrations folder", gone("migrations"), nil},
	{"empty migrations folder", func(t *testing.T, dir string) {
		gone("migrations")(t, dir)
		asFolder("migrations")(t, dir)
	}, nil},
	{"migrations is a file", text("migrations", "x"), nil},
	{"unreadable migration", unreadable("migrations/" + fileC), nil},
	{"unreadable atlas.sum", unreadable("migrations/atlas.sum"), nil},
	{"unreadable migrations folder", unreadable("migrations"), nil},
	{"unreadable down folder", unreadable("migrations/down"), nil},

	{"no schema.hcl", gone("schema.hcl"), nil},
	{"empty schema.hcl", text("schema.hcl", ""), onSchema},
	{"syntax error in schema.hcl", text("schema.hcl", "schema \"public\" {\n"), onSchema},
	{"unknown reference in schema.hcl", text("schema.hcl", "schema \"public\" {\n}\ntable \"a\" {\n  schema = schema.other\n}\n"), onSchema},
	{"binary schema.hcl", text("schema.hcl", binary), onSchema},
	{"schema.hcl with a BOM", change("schema.hcl", func(s string) string { return bom + s }), onSchema},
	{"schema.hcl with CRLF", change("schema.hcl", crlf), onSchema},
	{"conflict in schema.hcl", change("schema.hcl", func(s string) string { return conflict + s }), onSchema},
	{"schema.hcl is a folder", asFolder("schema.hcl"), onSchema},
	{"unreadable schema.hcl", unreadable("schema.hcl"), []string{"lint", "check", "plan", "new -name=x", "rehash", "rebase", "checkpoint"}},

	{"no atlas.hcl", gone("atlas.hcl"), nil},
	{"empty atlas.hcl", text("atlas.hcl", ""), nil},
	{"syntax error in atlas.hcl", text("atlas.hcl", "env \"prod\" {\n"), nil},
	{"binary atlas.hcl", text("atlas.hcl", binary), nil},
	{"atlas.hcl with a BOM", change("atlas.hcl", func(s string) string { return bom + s }), []string{"check", "apply"}},
	{"atlas.hcl with CRLF", change("atlas.hcl", crlf), []string{"check", "apply"}},
	{"conflict in atlas.hcl", change("atlas.hcl", func(s string) string { return conflict + s }), nil},
	{"atlas.hcl is a folder", asFolder("atlas.hcl"), nil},
	{"unreadable atlas.hcl", unreadable("atlas.hcl"), nil},
	{"migrations outside", change("atlas.hcl", func(s string) string { return strings.Replace(s, "file://migrations", "file://../x", 1) }), nil},
	{"no dir in atlas.hcl", change("atlas.hcl", func(s string) string { return strings.Replace(s, `dir              = "file://migrations"`, "", 1) }), []string{"check", "apply"}},
	{"no URL in atlas.hcl", change("atlas.hcl", func(s string) string { return strings.Replace(s, `getenv("DATABASE_URL")`, `""`, 1) }), onDatabase},
	{"garbled URL in atlas.hcl", change("atlas.hcl", func(s string) string {
		return strings.Replace(s, `getenv("DATABASE_URL")`, `"postgres://%zz:@[::1"`, 1)
	}), onDatabase},
	{"no server", change("atlas.hcl", func(s string) string {
		return strings.Replace(s, `getenv("DATABASE_URL")`, `"postgres://u@127.0.0.1:1/x"`, 1)
	}), onDatabase},

	{"no git", gone(".git"), onGit},
	{"no commit", func(t *testing.T, dir string) {
		gone(".git")(t, dir)
		gitIn(t, dir, "init", "-q", "-b", "main")
	}, onGit},
	{"no base", func(t *testing.T, dir string) { gitIn(t, dir, "branch", "-D", "main") }, onGit},
	{"no merge base", func(t *testing.T, dir string) {
		gitIn(t, dir, "switch", "-q", "--orphan", "alone")
		gitIn(t, dir, "checkout", "-q", "work", "--", ".")
		gitIn(t, dir, "commit", "-q", "-m", "alone")
	}, onGit},
	{"garbled HEAD", text(".git/HEAD", "x\n"), onGit},
	{"objects gone", func(t *testing.T, dir string) {
		gone(".git/objects")(t, dir)
		asFolder(".git/objects")(t, dir)
	}, onGit},
	{".git leads nowhere", func(t *testing.T, dir string) {
		gone(".git")(t, dir)
		put(t, dir, map[string]string{".git": "gitdir: /nowhere\n"})
	}, onGit},
}

const (
	fileC, effectC = "20260103000000_c.sql", "20260103000000_c.txt"
	sqlC           = "CREATE TABLE c (\n  id int PRIMARY KEY\n);\n"
	binary         = "\x7fELF\x02\x01\x00\xff\xfe\x00\x80\n\x00"
	bom            = "\ufeff"
	conflict       = "<<<<<<< HEAD\nh1:a\n=======\nh1:b\n>>>>>>> main\n"
)

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func gone(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(path); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
}

func text(name, text string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		put(t, dir, map[string]string{name: text})
	}
}

func change(name string, to func(string) string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		before, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		after := to(string(before))
		if after == string(before) {
			t.Fatalf("nothing changes in %s", name)
		}
		put(t, dir, map[string]string{name: after})
	}
}

func asFolder(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func unreadable(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(path, info.Mode()) })
	}
}

// TestBroken runs every command in every broken folder. Each prints one clear error or does the right thing, and exits
// with a documented code. A command that fails changes no file and no database. testdata/broken.txt has the outputs.
func TestBroken(t *testing.T) {
	project := gitProject(t)
	put(t, project, map[string]string{"migrations/" + fileC: sqlC, "migrations/down/" + fileC: "DROP TABLE c;\n"})
	schema := "schema \"public\" {\n}\n"
	for _, name := range []string{"a", "b", "c"} {
		schema += "table \"" + name + "\" {\n  schema = schema.public\n  column \"id\" {\n    type = int\n  }\n  primary_key {\n    columns = [column.id]\n  }\n}\n"
	}
	put(t, project, map[string]string{"schema.hcl": schema})
	if out, code := run(t, project, "", "rehash"); code != 0 {
		t.Fatalf("rehash: exit code %d\n%s", code, out)
	}
	gitIn(t, project, "add", ".")
	gitIn(t, project, "commit", "-q", "-m", "c")

	answers := make([]string, len(broken))
	all, free := t, make(chan *pgtest.DB, len(broken)) // databases are reused until one is migrated
	t.Run("folder", func(t *testing.T) {
		for i, b := range broken {
			t.Run(b.name, func(t *testing.T) {
				t.Parallel()
				w := &brokenWork{t: t, project: project, make: b.make, nobody: strings.HasPrefix(b.name, "unreadable")}
				select {
				case w.db = <-free:
				default:
					w.db = pgtest.New(all)
				}
				commands := b.commands
				if commands == nil {
					commands = everything
				}
				var lines []string
				for _, command := range commands {
					lines = append(lines, w.run(command))
				}
				answers[i] = "== " + b.name + "\n" + together(lines)
				if w.migrated {
					return
				}
				if n := query[int](t, w.db, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"); n > 0 {
					t.Errorf("no command has migrated the database, and it has %d relations", n)
				}
				free <- w.db
			})
		}
	})
	if t.Failed() && !*update {
		return // or some are missing
	}
	golden := filepath.Join("testdata", "broken.txt")
	got := strings.Join(answers, "\n")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the outputs differ (-update writes them):\n%s", diff)
	}
}

// together joins the commands with the same output: "1 plan, check: TEXT".
func together(answers []string) string {
	var order []string
	commands := make(map[string][]string)
	for _, a := range answers {
		command, answer, _ := strings.Cut(a, "\t")
		if commands[answer] == nil {
			order = append(order, answer)
		}
		commands[answer] = append(commands[answer], command)
	}
	var b strings.Builder
	for _, answer := range order {
		code, text, _ := strings.Cut(answer, "\t")
		b.WriteString(strings.TrimSuffix(code+" "+strings.Join(commands[answer], ", ")+": "+text, ": ") + "\n")
	}
	return b.String()
}

type brokenWork struct {
	t        *testing.T
	project  string
	make     func(t *testing.T, dir string)
	db       *pgtest.DB
	migrated bool   // whether a command has changed the database
	nobody   bool   // whether commands run as a user who can't read all files, if the test's user can
	dir      string // the broken folder; "" after a command has changed it
}

// run runs a command in the broken folder and returns it, its exit code and, if that isn't 0, its error or, if that
// only counts findings, the first line of stdout.
func (w *brokenWork) run(command string) string {
	t := w.t
	t.Helper()
	if w.dir == "" {
		w.dir = filepath.Join(t.TempDir(), "project")
		if err := os.CopyFS(w.dir, os.DirFS(w.project)); err != nil {
			t.Fatal(err)
		}
		w.make(t, w.dir)
	}
	dir, before := w.dir, entries(t, w.dir)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := in(w.dir, w.db.URL, strings.Fields(command)...)
	limited := exec.CommandContext(ctx, cmd.Path, cmd.Args[1:]...)
	limited.Dir, limited.Env = cmd.Dir, append(cmd.Env, "GITHUB_ACTIONS=", "GITHUB_BASE_REF=")
	if w.nobody {
		asNobody(t, limited)
	}
	var stdout, stderr strings.Builder
	limited.Stdout, limited.Stderr = &stdout, &stderr
	_ = limited.Run()
	code := limited.ProcessState.ExitCode()
	all := stdout.String() + stderr.String()
	if ctx.Err() != nil || crashed(all) || !slices.Contains([]int{0, 1, 2, 3}, code) {
		t.Errorf("%s: exit code %d\n%s", command, code, all)
	}
	changed := cmp.Diff(before, entries(t, w.dir))
	if changed != "" {
		w.dir = ""
	}
	if code == 0 {
		name, _, _ := strings.Cut(command, " ")
		w.migrated = w.migrated || slices.Contains([]string{"apply", "down", "stamp"}, name) && !strings.Contains(command, "-dryrun")
		return command + "\t0"
	}
	said, found := strings.CutPrefix(stderr.String(), "Error: ")
	if !found {
		_, said, found = strings.Cut(stderr.String(), "\nError: ") // after notes
	}
	said = strings.TrimSpace(said)
	if code == 3 {
		said, _, _ = strings.Cut(databaseLine.ReplaceAllString(stdout.String(), ""), "\n")
	} else if !found || strings.Contains(said, "\nError: ") {
		said = ""
	}
	if said == "" {
		t.Errorf("%s: exit code %d without one error:\n%s", command, code, all)
	}
	// Only rehash writes files and fails: it writes the checksums of migrations that don't replay.
	if changed != "" && code != 3 && !(command == "rehash" && strings.HasPrefix(said, "the sums are written, but not the effects of ")) {
		t.Errorf("%s: exit code %d, and files were changed:\n%s\n%s", command, code, all, changed)
	}
	said = strings.NewReplacer(dir, "PROJECT", "\n", "\n    ").Replace(said)
	said = clock.ReplaceAllString(commitID.ReplaceAllString(said, "commit ID"), "VERSION")
	return fmt.Sprintf("%s\t%d\t%s", command, code, said)
}

// asNobody makes root's commands run as a user who owns the command's folder and has no other rights.
func asNobody(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	home := filepath.Dir(cmd.Dir)
	err := filepath.WalkDir(home, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, nobody, nobody)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Dir(home), filepath.Dir(tool)} { // which only their owner can enter
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Env = append(cmd.Env, "HOME="+home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
}

var commitID = regexp.MustCompile(`commit [0-9a-f]{8}\b`)

// clock matches versions made from the time.
var clock = regexp.MustCompile(`\b20(2[7-9]|[3-9]\d)\d{10}|\b2026(1[0-2]|0[6-9])\d{8}`)

// crashed reports whether a command crashed.
func crashed(out string) bool {
	for _, sign := range []string{"panic", "goroutine ", "runtime error", "nil pointer", "%!", "<nil>"} {
		if strings.Contains(out, sign) {
			return true
		}
	}
	return false
}
