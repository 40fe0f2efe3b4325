package plan

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/schemahcl"
)

const runsHCL = `schema "public" {
}
table "runs" {
  schema = schema.public
  column "id" {
    type = uuid
  }
  primary_key {
    columns = [column.id]
  }
}
`

const runsFlakyHCL = `schema "public" {
}
table "runs" {
  schema = schema.public
  column "id" {
    type = uuid
  }
  column "flaky" {
    type = boolean
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
`

// planned returns a project of two migrations: 20260102030405_add_runs and, an hour later,
// 20260102040405_add_runs_flaky.
func planned(t *testing.T) *project {
	t.Helper()
	p := newProject(t)
	p.hcl = []byte(runsHCL)
	p.plan()
	p.now = p.now.Add(time.Hour)
	p.hcl = []byte(runsFlakyHCL)
	p.plan()
	return p
}

func (p *project) edit(name, old, new string) {
	p.t.Helper()
	path := filepath.Join(p.root, name)
	b, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		p.t.Fatalf("no %q in %s:\n%s", old, name, b)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), old, new, 1)), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *project) remove(name string) {
	p.t.Helper()
	if err := os.Remove(filepath.Join(p.root, name)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *project) rehash() {
	p.t.Helper()
	if err := Rehash(context.Background(), p.config(), p.root); err != nil {
		p.t.Fatal(err)
	}
}

func TestCheck(t *testing.T) {
	const (
		first  = "20260102030405_add_runs"
		second = "20260102040405_add_runs_flaky"
	)
	for _, tt := range []struct {
		name   string
		change func(*project)
		want   []string // kind, file:line, text, differences
	}{
		{"in order", func(*project) {}, nil},
		{"empty", func(p *project) { *p = *newProject(p.t); p.hcl = []byte("schema \"public\" {\n}\n") }, nil},
		{"plan would write", func(p *project) { p.hcl = []byte(runsHCL) }, []string{
			"plan : schema.hcl and the migrations differ: run plan", "  column public.runs.flaky is extra (boolean)",
		}},
		{"edited", func(p *project) { p.edit(second+".sql", "flaky boolean", "flaky  boolean") }, []string{
			"sum atlas.sum: " + "*",
		}},
		{"edited and rehashed", func(p *project) {
			p.edit(second+".sql", "flaky boolean", "flaky bool DEFAULT true")
			p.write(nil)
		}, []string{
			"effect effect/" + second + ".txt: this is not the effect of " + second + ".sql: run rehash and look at the difference",
			"plan : schema.hcl and the migrations differ: run plan", "  *",
		}},
		{"effect missing", func(p *project) { p.remove("effect/" + second + ".txt") }, []string{
			"effect effect/" + second + ".txt: the effect of " + second + ".sql is missing: run rehash",
		}},
		{"effect malformed", func(p *project) { p.edit("effect/"+second+".txt", "+ column", "column") }, []string{
			"effect effect/" + second + ".txt: *",
		}},
		{"down missing", func(p *project) { p.remove("down/" + second + ".sql"); p.write(nil) }, []string{
			"down down/" + second + ".sql: the down file of " + second + ".sql is missing: write one, or say in it that there is no way back (\"-- alembic:down none REASON\"), and run rehash",
		}},
		{"down none", func(p *project) {
			p.write(map[string]string{"down/" + second + ".sql": "-- alembic:down none because\n\n"})
		}, nil},
		{"down none, and the one before is wrong", func(p *project) {
			p.write(map[string]string{"down/" + second + ".sql": "-- alembic:down none because\n\n", "down/" + first + ".sql": "-- nothing\n"})
		}, []string{
			"down down/" + first + ".sql: the down file does not lead back to the state before its migration",
			"  table public.runs is extra (ordinary)",
		}},
		{"down fails", func(p *project) {
			p.write(map[string]string{"down/" + second + ".sql": "SELECT 1;\n\nALTER TABLE runs\n  DROP COLUMN nope;\n"})
		}, []string{
			"down down/" + second + ".sql:3: the down file fails: column \"nope\" of relation \"runs\" does not exist (SQLSTATE 42703)",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := planned(t)
			tt.change(p)
			r, err := Check(context.Background(), p.config())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range r.Findings {
				place := f.File
				if f.Line > 0 {
					place += ":" + string(rune('0'+f.Line))
				}
				got = append(got, string(f.Kind)+" "+place+": "+f.Text)
				for _, d := range f.Differences {
					got = append(got, "  "+d.Text)
				}
			}
			// A * at the end stands for text that belongs to another package.
			for i, w := range tt.want {
				if head, ok := strings.CutSuffix(w, "*"); ok && i < len(got) && strings.HasPrefix(got[i], head) {
					got[i] = w
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if r.OK() != (len(tt.want) == 0) {
				t.Errorf("OK is %v", r.OK())
			}
		})
	}
}

func TestCheckOfTheRepository(t *testing.T) {
	cfg := repository(t, pgtest.Server(t))
	r, err := Check(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		t.Errorf("%s %s: %s %v", f.Kind, f.File, f.Text, f.Differences)
	}
	if len(r.Files) != len(cfg.Dir.Files()) {
		t.Errorf("looked at %q", r.Files)
	}
}

func TestRehash(t *testing.T) {
	p := planned(t)
	want := p.files()
	p.edit("20260102040405_add_runs_flaky.sql", "flaky boolean", "flaky boolean DEFAULT false")
	p.remove("effect/20260102030405_add_runs.txt")
	if err := p.config().Dir.Verify(); err == nil {
		t.Fatal("the sum of an edited directory fits")
	}
	p.rehash()
	got := p.files()
	if err := p.config().Dir.Verify(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want["effect/20260102030405_add_runs.txt"], got["effect/20260102030405_add_runs.txt"]); diff != "" {
		t.Errorf("the removed effect (-was +is):\n%s", diff)
	}
	if e := got["effect/20260102040405_add_runs_flaky.txt"]; !strings.Contains(e, "+ column public.runs.flaky: boolean default false\n") {
		t.Errorf("the effect of the edited file:\n%s", e)
	}
}

func TestRehashOfWhatDoesNotReplay(t *testing.T) {
	p := planned(t)
	p.edit("20260102040405_add_runs_flaky.sql", "flaky", "id")
	p.remove("effect/20260102030405_add_runs.txt")
	err := Rehash(context.Background(), p.config(), p.root)
	want := `the sums are written, but not the effects of 20260102040405_add_runs_flaky.sql and what follows it, because it does not replay: 20260102040405_add_runs_flaky.sql:1:1: column "id" of relation "runs" already exists (SQLSTATE 42701); the file must run on the schema that the files before it give, without any data`
	if err == nil || err.Error() != want {
		t.Errorf("error:\n got %v\nwant %s", err, want)
	}
	if err := p.config().Dir.Verify(); err != nil {
		t.Errorf("the sums were not written: %v", err)
	}
	if _, ok := p.files()["effect/20260102030405_add_runs.txt"]; !ok {
		t.Error("the effect of the file before was not written")
	}
}

func TestNew(t *testing.T) {
	p := planned(t)
	p.now = start // the clock is behind the last version
	cfg := p.config()
	cfg.Name = "backfill_runs"
	pl, err := New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := pl.Write(t.Context(), p.root); err != nil {
		t.Fatal(err)
	}
	name := "20260102040406_backfill_runs"
	if pl.Files[0].Name != name+".sql" {
		t.Errorf("it is called %s, want %s.sql", pl.Files[0].Name, name)
	}
	for _, f := range []string{name + ".sql", "down/" + name + ".sql", "effect/" + name + ".txt"} {
		if _, ok := p.files()[f]; !ok {
			t.Errorf("%s was not written", f)
		}
	}
	r, err := Check(context.Background(), p.config())
	if err != nil || !r.OK() {
		t.Errorf("check with the new file: %v %+v", err, r)
	}
}

func TestNames(t *testing.T) {
	p := planned(t)
	p.hcl = []byte(runsHCL)
	for _, name := range []string{"", "a b", "../x", "x.sql", "é", "-x", strings.Repeat("x", 81)} {
		cfg := p.config()
		cfg.Name = name
		if _, err := New(context.Background(), cfg); err == nil {
			t.Errorf("New took the name %q", name)
		}
		if name == "" {
			continue
		}
		if _, err := Make(context.Background(), cfg); err == nil {
			t.Errorf("Make took the name %q", name)
		}
	}
	cfg := p.config()
	if _, err := New(context.Background(), cfg); !errors.Is(err, ErrNoName) {
		t.Errorf("New without a name: %v", err)
	}
	cfg.Name = "My.name-2"
	pl, err := Make(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if got := pl.Files[0].Name; got != "20260102040406_My.name-2.sql" {
		t.Errorf("it is called %s", got)
	}
	if diff := cmp.Diff([]string{"column public.runs.flaky"}, pl.Files[0].Losses); diff != "" {
		t.Errorf("losses (-want +got):\n%s", diff)
	}
}

func TestMakeOnEditedDirectory(t *testing.T) {
	p := planned(t)
	p.hcl = []byte(runsHCL)
	p.edit("20260102030405_add_runs.sql", "uuid", "text")
	_, err := Make(context.Background(), p.config())
	var sum *migration.SumError
	if !errors.As(err, &sum) {
		t.Errorf("planning on an edited directory: %v", err)
	}
}

func TestMakeTellsBothErrors(t *testing.T) {
	p := planned(t)
	p.write(map[string]string{"20270101000000_bad.sql": "SELECT nope;\n"})
	p.hcl = []byte("schema \"public\" {\n")
	_, err := Make(context.Background(), p.config())
	var se *schemahcl.Error
	var stmt *runner.StmtError
	if !errors.As(err, &se) || !errors.As(err, &stmt) {
		t.Errorf("an error in the schema file and one in a migration: %v", err)
	}
}
