package history

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
)

// A branch is a project in a git repository, with a migration on main.
type branch struct{ *project }

func newBranch(t *testing.T) *branch {
	p := newProject(t)
	p.Root = filepath.Join(t.TempDir(), "db dir", "migrations")
	b := &branch{p}
	b.declare("a")
	b.plan()
	b.git("init", "-q", "-b", "main")
	b.commit()
	return b
}

// declare writes a schema file of tables, each with a column x; "t+y" has a column y too.
func (b *branch) declare(tables ...string) {
	text := "schema \"public\" {}\n"
	for _, t := range tables {
		t, more, _ := strings.Cut(t, "+")
		text += "table \"" + t + "\" {\n  schema = schema.public\n  column \"x\" {\n    type = int\n  }\n"
		if more != "" {
			text += "  column \"" + more + "\" {\n    type = text\n    null = true\n  }\n"
		}
		text += "}\n"
	}
	b.HCL = []byte(text)
}

func (b *branch) git(args ...string) string {
	b.T.Helper()
	cmd := exec.Command("git", append([]string{"-C", filepath.Dir(b.Root)}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com", "GIT_EDITOR=true")
	out, err := cmd.CombinedOutput()
	if err != nil && args[0] != "merge" && args[0] != "rebase" { // those have conflicts
		b.T.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (b *branch) commit() {
	b.T.Helper()
	b.git("add", "-A")
	b.git("commit", "-q", "--allow-empty", "-m", "x")
}

// later plans a second later than before.
func (b *branch) later(tables ...string) {
	b.T.Helper()
	b.Now = b.Now.Add(time.Second)
	b.declare(tables...)
	b.plan()
}

// diverge gives a branch a migration that creates the table own, and main a later one that creates the table base.
func (b *branch) diverge() {
	b.T.Helper()
	b.git("switch", "-q", "-c", "feature")
	b.later("a", "own")
	b.commit()
	b.git("switch", "-q", "main")
	b.later("a", "base")
	b.commit()
	b.git("switch", "-q", "feature")
	b.declare("a", "base", "own")
	b.Now = b.Now.Add(time.Minute)
}

func (b *branch) rebase() (*RebaseResult, error) {
	b.T.Helper()
	return Rebase(context.Background(), plan.Config{
		Base: proof.Base{Server: pgtest.Server(b.T), SchemaName: "schema.hcl", Schema: b.HCL}, Now: b.Now,
	}, b.Root, "main")
}

func (b *branch) mustRebase() *RebaseResult {
	b.T.Helper()
	r, err := b.rebase()
	if err != nil {
		b.T.Fatal(err)
	}
	return r
}

// inOrder fails unless check finds nothing and rehash has nothing to change.
func (b *branch) inOrder() {
	b.T.Helper()
	r, err := Check(context.Background(), b.Base())
	if err != nil {
		b.T.Fatal(err)
	}
	b.nothing(r.Findings)
	files := b.Files()
	if err := Rehash(context.Background(), b.Base(), b.Root); err != nil {
		b.T.Error(err)
	}
	if diff := cmp.Diff(files, b.Files()); diff != "" {
		b.T.Errorf("rehash changes:\n%s", diff)
	}
}

func (b *branch) nothing(found []proof.Finding) {
	b.T.Helper()
	for _, f := range found {
		b.T.Errorf("found %s: %s %v", f.File, f.Text, f.Differences)
	}
}

func (b *branch) names() []string {
	var names []string
	for _, f := range b.Base().Dir.Files() {
		names = append(names, f.Name)
	}
	return names
}

const (
	first = "20260102030405_add_a.sql"
	own   = "20260102030406_add_own.sql"
	base  = "20260102030407_add_base.sql"
	moved = "20260102030507_add_own.sql"
)

func TestRebase(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(b *branch)
	}{
		{"conflict of a merge", func(b *branch) {
			if out := b.git("merge", "main"); !strings.Contains(out, "CONFLICT") {
				b.T.Fatal("git merges the sums without a conflict: " + out)
			}
		}},
		{"merge, rehashed", func(b *branch) {
			b.git("merge", "main")
			if err := migration.Rehash(t.Context(), b.Root, nil); err != nil {
				b.T.Fatal(err)
			}
			b.commit()
		}},
		{"merge with one side's sums", func(b *branch) { b.git("merge", "-q", "-X", "ours", "main") }},
		{"conflict of git's rebase", func(b *branch) {
			if out := b.git("rebase", "main"); !strings.Contains(out, "CONFLICT") {
				b.T.Fatal("git rebases the sums without a conflict: " + out)
			}
		}},
		{"git's rebase", func(b *branch) { b.git("rebase", "-X", "theirs", "main") }},
		{"uncommitted", func(b *branch) {
			b.git("switch", "-q", "main")
			b.git("-C", b.Root, "restore", "-q", "--source=feature", "--", own, "down/"+own, "effect/20260102030406_add_own.txt")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBranch(t)
			b.diverge()
			test.make(b)
			r := b.mustRebase()
			want := []Move{{From: own, To: moved, RevisionFrom: "20260102030406", RevisionTo: "20260102030507"}}
			if diff := cmp.Diff(want, r.Moved); diff != "" || r.Base != "main" {
				t.Errorf("base %s\n%s", r.Base, diff)
			}
			b.nothing(r.Findings)
			if diff := cmp.Diff([]string{first, base, moved}, b.names()); diff != "" {
				t.Error(diff)
			}
			b.inOrder()
			if r := b.mustRebase(); len(r.Moved) > 0 || r.Sums {
				t.Errorf("again it does %+v", r)
			}
		})
	}
}

func TestRebaseSeveral(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.git("switch", "-q", "-c", "feature")
	b.later("a", "own")
	b.Write(map[string]string{
		"20260102030408_named.sql":      "-- alembic:revision abc123\n\n-- After 20260102030406, which makes the table.\nALTER TABLE own ADD COLUMN z int;\n",
		"down/20260102030408_named.sql": "-- Before 20260102030408.\nALTER TABLE own DROP COLUMN z;\n",
		"20260102030409_data.sql":       "INSERT INTO own VALUES (1, 2);\n",
		"down/20260102030409_data.sql":  "TRUNCATE own;\n",
	})
	if err := Rehash(context.Background(), b.Base(), b.Root); err != nil {
		t.Fatal(err)
	}
	b.commit()
	b.git("switch", "-q", "main")
	b.later("a", "base")
	b.commit()
	b.git("switch", "-q", "feature")
	b.git("merge", "main")
	b.HCL = []byte(`schema "public" {}
table "a" {
  schema = schema.public
  column "x" { type = int }
}
table "base" {
  schema = schema.public
  column "x" { type = int }
}
table "own" {
  schema = schema.public
  column "x" { type = int }
  column "z" {
    type = int
    null = true
  }
}
`)
	r := b.mustRebase()
	want := []Move{
		{From: own, To: "20260102030410_add_own.sql", RevisionFrom: "20260102030406", RevisionTo: "20260102030410"},
		{From: "20260102030408_named.sql", To: "20260102030411_named.sql", RevisionFrom: "abc123", RevisionTo: "abc123"},
		{From: "20260102030409_data.sql", To: "20260102030412_data.sql", RevisionFrom: "20260102030409", RevisionTo: "20260102030412"},
	}
	if diff := cmp.Diff(want, r.Moved); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Mention{
		{"20260102030411_named.sql", 3, "20260102030406"},
		{"down/20260102030411_named.sql", 1, "20260102030408"},
	}, r.Mentions); diff != "" {
		t.Error(diff)
	}
	b.inOrder()
}

// What the branch planned may already be done, or no longer suffice.
func TestRebaseStale(t *testing.T) {
	t.Parallel()
	t.Run("fails", func(t *testing.T) {
		t.Parallel()
		b := newBranch(t)
		b.git("switch", "-q", "-c", "feature")
		b.later("a+y")
		b.commit()
		b.git("switch", "-q", "main")
		b.Now = b.Now.Add(time.Second)
		b.declare("a+y", "base")
		b.plan()
		b.commit()
		b.git("switch", "-q", "feature")
		b.git("merge", "main")
		before := b.Files()
		_, err := b.rebase()
		var failed *MoveError
		if !errors.As(err, &failed) {
			t.Fatalf("error %v", err)
		}
		want := `nothing was moved: after the migrations of main, VERSION_add_a_y.sql:1:1 fails: column "y" of relation "a" already exists (SQLSTATE 42701)
  in: ALTER TABLE public.a ADD COLUMN y text
delete VERSION_add_a_y.sql with its down and effect file and run plan again, or if it was written by hand, correct it and run rebase again`
		if got := versions.ReplaceAllString(err.Error(), "VERSION_"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if diff := cmp.Diff(before, b.Files()); diff != "" {
			t.Errorf("files changed:\n%s", diff)
		}
	})
	t.Run("differs", func(t *testing.T) {
		t.Parallel()
		b := newBranch(t)
		b.diverge()
		b.git("merge", "main")
		b.declare("a", "base", "own+y")
		r := b.mustRebase()
		if len(r.Moved) != 1 || len(r.Findings) != 1 || r.OK() {
			t.Fatalf("%+v", r)
		}
		f := r.Findings[0]
		want := "after the migrations of main, " + moved + " no longer produces schema.hcl: delete it with its down and effect file and run plan again, or run plan for the difference"
		if f.Kind != proof.FindingPlan || f.Text != want || len(f.Differences) != 1 || !strings.HasPrefix(f.Differences[0].Text, "column public.own.y is missing") {
			t.Errorf("found %+v", f)
		}
		if diff := cmp.Diff([]string{first, base, moved}, b.names()); diff != "" {
			t.Error(diff)
		}
	})
}

var versions = regexp.MustCompile(`\b\d{14}_`)

// Two files of one version cannot be read, and are moved apart.
func TestRebaseOneVersion(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.git("switch", "-q", "-c", "feature")
	b.later("a", "own")
	b.commit()
	b.git("switch", "-q", "main")
	b.Now = b.Now.Add(-time.Second)
	b.later("a", "base")
	b.commit()
	b.git("switch", "-q", "feature")
	b.git("merge", "main")
	b.declare("a", "base", "own")
	if _, err := migration.Read(os.DirFS(b.Root)); err == nil {
		t.Fatal("the versions differ")
	}
	r := b.mustRebase()
	if len(r.Moved) != 1 || r.Moved[0].To != "20260102030407_add_own.sql" || !r.OK() {
		t.Errorf("%+v", r)
	}
	b.inOrder()
}

// The branch's checkpoint is made again, because it replaces the base's migrations too.
func TestRebaseCheckpoint(t *testing.T) {
	pgtest.Dumps(t)
	t.Parallel()
	b := newBranch(t)
	b.git("switch", "-q", "-c", "feature")
	b.Now = b.Now.Add(time.Second)
	b.checkpoint()
	b.commit()
	b.git("switch", "-q", "main")
	b.later("a", "base")
	b.commit()
	b.git("switch", "-q", "feature")
	b.git("merge", "main")
	r := b.mustRebase()
	if len(r.Moved) != 1 || len(r.Remade) != 1 || !r.OK() {
		t.Fatalf("%+v", r)
	}
	if c := b.Base().Dir.Checkpoints()[0]; !strings.Contains(c.SQL, "CREATE TABLE public.base") || c.Through != 1 {
		t.Errorf("the checkpoint stands for %d files:\n%s", c.Through+1, c.SQL)
	}
	b.inOrder()
}

func TestRebaseNothing(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.git("switch", "-q", "-c", "feature")
	b.later("a", "own")
	if r := b.mustRebase(); len(r.Moved) > 0 || r.Sums || !r.OK() {
		t.Errorf("%+v", r)
	}
	// The order is right, and only the sums don't match.
	if err := os.WriteFile(filepath.Join(b.Root, "atlas.sum"), []byte("<<<<<<< HEAD\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := b.mustRebase(); len(r.Moved) > 0 || !r.Sums || !r.OK() {
		t.Errorf("%+v", r)
	}
	b.inOrder()
}

func TestRebaseRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(b *branch)
		want string // RESTORE(name) is the command that restores the file
		then func(b *branch)
	}{
		{"not merged", func(*branch) {},
			"main has " + base + ", which is not here: merge main first (git merge main, or git rebase main), then run rebase again",
			func(b *branch) { b.git("merge", "main") }},
		{"edited", func(b *branch) {
			b.git("merge", "main")
			b.Write(map[string]string{base: "SELECT 1;\n"})
		}, base + " is merged into main and differs here: move what this branch adds to a file of another name, restore the file RESTORE(" + base + "), then run rebase again", nil},
		{"deleted", func(b *branch) {
			if err := os.Remove(filepath.Join(b.Root, first)); err != nil {
				b.T.Fatal(err)
			}
		}, first + " is merged into main and was deleted or renamed here: restore it RESTORE(" + first + "), then run rebase again",
			func(b *branch) { b.git("merge", "main") }},
		{"conflict in a migration", func(b *branch) {
			b.git("merge", "main")
			b.Write(map[string]string{own: "SELECT 1;\n<<<<<<< HEAD\nSELECT 2;\n=======\nSELECT 3;\n>>>>>>> main\n"})
		}, own + ":2: git's conflict markers: resolve the conflict",
			func(b *branch) { b.git("checkout", "feature", "--", "migrations/"+own) }},
		{"one name", func(b *branch) {
			b.git("switch", "-q", "main")
			b.Write(map[string]string{
				own: "CREATE TABLE other (x int);\n", "down/" + own: "DROP TABLE other;\n",
			})
			if err := migration.Rehash(b.T.Context(), b.Root, nil); err != nil {
				b.T.Fatal(err)
			}
			b.commit()
			b.git("switch", "-q", "feature")
			if out := b.git("merge", "main"); !strings.Contains(out, "CONFLICT (add/add)") {
				b.T.Fatal("git merges two files of one name: " + out)
			}
			b.declare("a", "base", "other", "own")
		}, own + " is merged into main and differs here: move what this branch adds to a file of another name, restore the file RESTORE(" + own + "), then run rebase again",
			func(b *branch) {
				mine := strings.Replace(own, "own", "mine", 1)
				for _, dir := range []string{"", "down/"} {
					b.Write(map[string]string{dir + mine: b.git("show", "feature:migrations/"+dir+own)})
				}
				b.git("checkout", "main", "--", "migrations/down/"+own)
				if err := os.RemoveAll(filepath.Join(b.Root, "effect")); err != nil {
					b.T.Fatal(err)
				}
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBranch(t)
			b.diverge()
			test.make(b)
			before := b.Files()
			_, err := b.rebase()
			if err == nil {
				t.Fatal("no error")
			}
			var restore string
			said := restoring.ReplaceAllStringFunc(err.Error(), func(s string) string {
				restore = s[1 : len(s)-1]
				path, _ := strings.CutPrefix(restore, "git checkout main -- ")
				return "RESTORE(" + filepath.Base(strings.Trim(path, "'")) + ")"
			})
			if said != test.want {
				t.Errorf("got  %s\nwant %s", said, test.want)
			}
			if diff := cmp.Diff(before, b.Files()); diff != "" {
				t.Errorf("files changed:\n%s", diff)
			}

			// The advice works.
			if restore != "" {
				here, err := os.Getwd()
				if err != nil {
					t.Fatal(err)
				}
				rel, err := filepath.Rel(here, b.Root)
				if err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command("sh", "-c", strings.Replace(restore, rel, "migrations", 1)) // as from the project's folder
				cmd.Dir = filepath.Dir(b.Root)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", restore, err, out)
				}
			}
			if test.then != nil {
				test.then(b)
			}
			if r := b.mustRebase(); len(r.Moved) != 1 {
				t.Errorf("moved %v, found %v", r.Moved, r.Findings)
			}
		})
	}
}

var restoring = regexp.MustCompile(`\(git checkout [^()]*\)`)
