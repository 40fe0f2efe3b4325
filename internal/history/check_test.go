package history

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
)

// planned returns a project with the migrations of PlanRuns.
func planned(t *testing.T) *project {
	t.Helper()
	p := newProject(t)
	p.PlanRuns(func() { p.plan() })
	return p
}

func (p *project) rehash() {
	p.T.Helper()
	if err := Rehash(context.Background(), p.Base(), p.Root); err != nil {
		p.T.Fatal(err)
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
		{"empty", func(p *project) { *p = *newProject(p.T); p.HCL = []byte("schema \"public\" {\n}\n") }, nil},
		{"plan would write", func(p *project) { p.HCL = []byte(projecttest.RunsHCL) }, []string{
			"plan : schema.hcl and the migrations differ: run plan", "  column public.runs.flaky is extra (boolean)",
		}},
		{"edited", func(p *project) { p.Edit(second+".sql", "flaky boolean", "flaky  boolean") }, []string{
			"sum atlas.sum: " + "*",
		}},
		{"edited and rehashed", func(p *project) {
			p.Edit(second+".sql", "flaky boolean", "flaky bool DEFAULT true")
			p.Write(nil)
		}, []string{
			"effect effect/" + second + ".txt: it does not match what " + second + ".sql changes: run rehash and review the difference",
			"plan : schema.hcl and the migrations differ: run plan", "  *",
		}},
		{"effect missing", func(p *project) { p.Remove("effect/" + second + ".txt") }, []string{
			"effect effect/" + second + ".txt: the effect of " + second + ".sql is missing: run rehash",
		}},
		{"effect malformed", func(p *project) { p.Edit("effect/"+second+".txt", "+ column", "column") }, []string{
			"effect effect/" + second + ".txt: *",
		}},
		{"down missing", func(p *project) { p.Remove("down/" + second + ".sql"); p.Write(nil) }, []string{
			"down down/" + second + ".sql: the down file of " + second + ".sql is missing: write one, or write in it that the migration cannot be reverted (\"-- alembic:down none REASON\"), and run rehash",
		}},
		{"down none", func(p *project) {
			p.Write(map[string]string{"down/" + second + ".sql": "-- alembic:down none because\n\n"})
		}, nil},
		{"down none, and the one before is wrong", func(p *project) {
			p.Write(map[string]string{"down/" + second + ".sql": "-- alembic:down none because\n\n", "down/" + first + ".sql": "-- nothing\n"})
		}, []string{
			"down down/" + first + ".sql: the down file does not revert its migration",
			"  table public.runs is extra",
		}},
		{"down fails", func(p *project) {
			p.Write(map[string]string{"down/" + second + ".sql": "SELECT 1;\n\nALTER TABLE runs\n  DROP COLUMN nope;\n"})
		}, []string{
			"down down/" + second + ".sql:3: the down file fails: column \"nope\" of relation \"runs\" does not exist (SQLSTATE 42703)",
		}},
		{"queries answer", func(p *project) {
			p.Write(map[string]string{"done/" + first + ".sql": "SELECT EXISTS (SELECT FROM runs)", "done/" + second + ".sql": "SELECT count(flaky) = 0 FROM runs"})
		}, nil},
		{"queries fail", func(p *project) {
			p.Write(map[string]string{
				"done/" + first + ".sql":  "-- The column is added later.\nSELECT NOT EXISTS (\n  SELECT FROM runs WHERE flaky)",
				"done/" + second + ".sql": "\nSELECT bool_and(flaky) FROM runs",
			})
		}, []string{
			"done done/" + first + ".sql:3: the query fails: column \"flaky\" does not exist (SQLSTATE 42703); it must work on the schema that " + first + ".sql produces, also without rows",
			"done done/" + second + ".sql:2: the query fails: it must return one row with true or false; it must work on the schema that " + second + ".sql produces, also without rows",
		}},
		{"query in the header fails", func(p *project) {
			p.Write(map[string]string{"20260103000000_data.sql": "-- migrate:done SELECT FROM\n\nUPDATE runs SET flaky = true;\n", "down/20260103000000_data.sql": "", "effect/20260103000000_data.txt": ""})
		}, []string{"done 20260103000000_data.sql:1: the query fails: *"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := planned(t)
			tt.change(p)
			r, err := Check(context.Background(), p.Base())
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
			// A * at the end stands for the text of another package.
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
	cfg := projecttest.Repository(t, pgtest.Server(t))
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
	want := p.Files()
	p.Edit("20260102040405_add_runs_flaky.sql", "flaky boolean", "flaky boolean DEFAULT false")
	p.Remove("effect/20260102030405_add_runs.txt")
	if err := p.Base().Dir.Verify(); err == nil {
		t.Fatal("the sum of an edited directory fits")
	}
	p.rehash()
	got := p.Files()
	if err := p.Base().Dir.Verify(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want["effect/20260102030405_add_runs.txt"], got["effect/20260102030405_add_runs.txt"]); diff != "" {
		t.Errorf("the removed effect (-was +is):\n%s", diff)
	}
	if e := got["effect/20260102040405_add_runs_flaky.txt"]; !strings.Contains(e, "+ column public.runs.flaky: boolean default false\n") {
		t.Errorf("the effect of the edited file:\n%s", e)
	}
}

// TestRehashOfRenames writes renames as such into new effect files. Those that have them as other lines stay.
func TestRehashOfRenames(t *testing.T) {
	const (
		rename = "20260102050405_rename"
		plain  = "- column public.runs.flaky: boolean\n+ column public.runs.shaky: boolean\n"
		line   = "~ column public.runs.flaky -> shaky: boolean\n"
	)
	p := planned(t)
	p.Write(map[string]string{rename + ".sql": "ALTER TABLE runs RENAME flaky TO shaky;\n", "down/" + rename + ".sql": "ALTER TABLE runs RENAME shaky TO flaky;\n"})
	p.rehash()
	text := p.Files()["effect/"+rename+".txt"]
	if !strings.HasSuffix(text, "\n"+line) {
		t.Fatalf("the effect is\n%s", text)
	}
	old := strings.Replace(text, line, plain, 1)
	p.Write(map[string]string{"effect/" + rename + ".txt": old})
	if r, err := Check(context.Background(), p.Base()); err != nil || slices.ContainsFunc(r.Findings, func(f proof.Finding) bool { return f.Kind == proof.FindingEffect }) {
		t.Errorf("with the lines of before: %v, %v", r, err)
	}
	p.rehash()
	if diff := cmp.Diff(old, p.Files()["effect/"+rename+".txt"]); diff != "" {
		t.Errorf("rehash changed the effect (-was +is):\n%s", diff)
	}
}

func TestRehashOfWhatDoesNotReplay(t *testing.T) {
	p := planned(t)
	p.Edit("20260102040405_add_runs_flaky.sql", "flaky", "id")
	p.Remove("effect/20260102030405_add_runs.txt")
	err := Rehash(context.Background(), p.Base(), p.Root)
	want := `the sums are written, but not the effects of 20260102040405_add_runs_flaky.sql and of what follows it, because it fails: 20260102040405_add_runs_flaky.sql:1:1: column "id" of relation "runs" already exists (SQLSTATE 42701); the file must run on the schema that the files before it produce, without any data`
	if err == nil || err.Error() != want {
		t.Errorf("error:\n got %v\nwant %s", err, want)
	}
	if err := p.Base().Dir.Verify(); err != nil {
		t.Errorf("the sums were not written: %v", err)
	}
	if _, ok := p.Files()["effect/20260102030405_add_runs.txt"]; !ok {
		t.Error("the effect of the file before was not written")
	}
}
