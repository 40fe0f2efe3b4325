package plan

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/schemahcl"
)

// planned returns a project with the migrations of PlanRuns.
func planned(t *testing.T) *project {
	t.Helper()
	p := newProject(t)
	p.PlanRuns(func() { p.plan() })
	return p
}

func TestNew(t *testing.T) {
	p := planned(t)
	p.Now = projecttest.Start // the clock is before the last version
	cfg := p.config()
	cfg.Name = "backfill_runs"
	pl, err := New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := pl.Write(t.Context(), p.Root); err != nil {
		t.Fatal(err)
	}
	name := "20260102040406_backfill_runs"
	if pl.Files[0].Name != name+".sql" {
		t.Errorf("the name is %s, want %s.sql", pl.Files[0].Name, name)
	}
	for _, f := range []string{name + ".sql", "down/" + name + ".sql", "effect/" + name + ".txt"} {
		if _, ok := p.Files()[f]; !ok {
			t.Errorf("%s was not written", f)
		}
	}
	checked(t, p.Base())
}

func TestNames(t *testing.T) {
	p := planned(t)
	p.HCL = []byte(projecttest.RunsHCL)
	for _, name := range []string{"", "a b", "../x", "x.sql", "é", "-x", strings.Repeat("x", 81)} {
		cfg := p.config()
		cfg.Name = name
		if _, err := New(context.Background(), cfg); err == nil {
			t.Errorf("New accepted the name %q", name)
		}
		if name == "" {
			continue
		}
		if _, err := Make(context.Background(), cfg); err == nil {
			t.Errorf("Make accepted the name %q", name)
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
		t.Errorf("the name is %s", got)
	}
	if diff := cmp.Diff([]string{"column public.runs.flaky"}, pl.Files[0].Losses); diff != "" {
		t.Errorf("losses (-want +got):\n%s", diff)
	}
}

func TestMakeOnEditedDirectory(t *testing.T) {
	p := planned(t)
	p.HCL = []byte(projecttest.RunsHCL)
	p.Edit("20260102030405_add_runs.sql", "uuid", "text")
	_, err := Make(context.Background(), p.config())
	var sum *migration.SumError
	if !errors.As(err, &sum) {
		t.Errorf("planning on an edited directory: %v", err)
	}
}

func TestMakeTellsBothErrors(t *testing.T) {
	p := planned(t)
	p.Write(map[string]string{"20270101000000_bad.sql": "SELECT nope;\n"})
	p.HCL = []byte("schema \"public\" {\n")
	_, err := Make(context.Background(), p.config())
	var se *schemahcl.Error
	var stmt *runner.StmtError
	if !errors.As(err, &se) || !errors.As(err, &stmt) {
		t.Errorf("an error in the schema file and one in a migration: %v", err)
	}
}
