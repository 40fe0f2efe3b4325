package plan

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/testcase"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var update = flag.Bool("update", false, "rewrite the expected files of testdata")

// A project is one to plan migrations for.
type project struct {
	*projecttest.Project
	rename string
	oldest int
	types  online.Options
}

func newProject(t testing.TB) *project { return &project{Project: projecttest.New(t)} }

func (p *project) config() Config {
	p.T.Helper()
	return Config{Base: p.Base(), Now: p.Now, Rename: p.rename, Oldest: p.oldest, Types: p.types}
}

// plan plans from the folder to the schema file, and writes the plan.
func (p *project) plan() *Plan {
	p.T.Helper()
	pl, err := Make(p.T.Context(), p.config())
	return projecttest.Written(p.Project, pl, err)
}

// starts holds the migrations that create a schema, by the schema's text, because many cases start from the same one.
var starts sync.Map

// start plans a schema from nothing, and advances the clock by an hour.
func (p *project) start(hcl []byte) {
	p.T.Helper()
	p.HCL = hcl
	once, _ := starts.LoadOrStore(string(hcl), sync.OnceValue(func() map[string]string {
		p.plan()
		return p.Files()
	}))
	p.Write(once.(func() map[string]string)())
	p.Now = p.Now.Add(time.Hour)
}

// checked verifies effects and down files, and that there is nothing left to plan.
func checked(t *testing.T, base proof.Base) {
	t.Helper()
	w := proof.NewWalk(base)
	w.SkipProven(nil)
	replayed, desired, err := proof.States(t.Context(), base, w.BothWays)
	if err != nil {
		t.Fatal(err)
	}
	defer replayed.Close()
	defer desired.Close()
	found := w.CheckEffects()
	differences, err := proof.Compare(t.Context(), replayed, desired)
	if err != nil {
		t.Fatal(err)
	}
	downs, err := w.CheckDowns(t.Context(), replayed)
	if err != nil {
		t.Fatal(err)
	}
	if found = append(found, downs...); len(found)+len(differences) > 0 {
		t.Errorf("%v %v", found, differences)
	}
}

// TestMake plans each archive of testdata: from before.hcl, before.sql, or the migrations in before, to after.hcl.
// The planned files are those in want, or the error is want/error. Then they and their down files run on a database
// with the rows of rows.sql; want/rows lists the number of rows, and the result of query.sql after the migrations.
// want/lint lists what lint finds in the planned files, on PostgreSQL 15 or the case's first version: a dangerous
// change, and nothing else.
// The files rename, timezone and inplace hold the values of these options, the file postgres the versions that the case
// runs on, and the file oldest the lowest version that the migrations are for.
func TestMake(t *testing.T) {
	cases, err := testcase.Read("testdata", "after.hcl")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			pgtest.Versions(t, c.Files["postgres"])
			p := newProject(t)
			if hcl, ok := c.Files["before.hcl"]; ok {
				p.start([]byte(hcl))
			}
			if sql, ok := c.Files["before.sql"]; ok {
				p.Write(map[string]string{"20250101000000_before.sql": sql})
			}
			if files := c.Under("before/"); len(files) > 0 {
				p.Write(files)
			}
			before := p.Files()
			p.HCL = []byte(c.Files["after.hcl"])
			p.rename = strings.TrimSuffix(c.Files["rename"], "\n")
			_, _ = fmt.Sscan(c.Files["oldest"], &p.oldest) // if it is there
			p.types.Zone = strings.TrimSuffix(c.Files["timezone"], "\n")
			if names := strings.TrimSuffix(c.Files["inplace"], "\n"); names != "" {
				if p.types.InPlace, err = online.ParseColumns(names); err != nil {
					t.Fatal(err)
				}
			}
			got := map[string]string{}
			pl, err := Make(context.Background(), p.config())
			if err != nil {
				got["error"] = err.Error() + "\n"
				if diff := cmp.Diff(before, p.Files()); diff != "" {
					t.Errorf("files changed though there was an error:\n%s", diff)
				}
			} else {
				if err := pl.Write(t.Context(), p.Root); err != nil {
					t.Fatal(err)
				}
				for name, text := range p.Files() {
					if before[name] != text {
						got[name] = text
					}
				}
				rows, ok := c.Files["rows.sql"]
				if ok {
					got["rows"] = withRows(t, pl, rows, c.Files["query.sql"])
				}
				if len(pl.Outside) > 0 {
					for _, o := range pl.Outside {
						got["outside"] += o.String() + "\n"
					}
				}
				found := linted(t, p, pl)
				if major := pgtest.Server(t).VersionNum() / 10000; major != 15 && strings.TrimSpace(c.Files["postgres"]) != fmt.Sprintf("%d-", major) {
					found = c.Files["want/lint"] // which differs between versions
				}
				if found != "" {
					got["lint"] = found
				}
				// The proof has compared what the schema file manages.
				more := c.Files["before.hcl"] == "" || p.rename != ""
				p.rename = ""
				if !ok && more {
					again, err := Make(context.Background(), p.config())
					if err != nil || len(again.Files) > 0 {
						t.Errorf("after the plan is written there is more to do: %v, %v", again, err)
					}
				}
			}
			if *update {
				if err := c.Update("want/", got); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(c.Under("want/"), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
