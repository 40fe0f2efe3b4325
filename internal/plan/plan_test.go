package plan

import (
	"context"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/testcase"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var update = flag.Bool("update", false, "rewrite the expected files of testdata")

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A project is a migrations folder and a schema file in a temporary folder.
type project struct {
	t    testing.TB
	root string
	hcl  []byte
	now  time.Time

	rename string
}

func newProject(t testing.TB) *project {
	return &project{t: t, root: filepath.Join(t.TempDir(), "migrations"), now: start}
}

func (p *project) config() Config {
	p.t.Helper()
	dir, err := migration.Read(os.DirFS(p.root))
	if err != nil {
		p.t.Fatal(err)
	}
	return Config{Server: pgtest.Server(p.t), Dir: dir, SchemaName: "schema.hcl", Schema: p.hcl, Now: p.now, Rename: p.rename}
}

// write adds or replaces files of the migrations folder and makes the sums fit.
func (p *project) write(files map[string]string) {
	p.t.Helper()
	for name, text := range files {
		path := filepath.Join(p.root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			p.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
	if err := migration.Rehash(p.t.Context(), p.root, nil); err != nil {
		p.t.Fatal(err)
	}
}

// plan plans from the folder to the schema file, and writes.
func (p *project) plan() *Plan {
	p.t.Helper()
	pl, err := Make(context.Background(), p.config())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := pl.Write(p.t.Context(), p.root); err != nil {
		p.t.Fatal(err)
	}
	return pl
}

// starts are the migrations that make a schema from nothing, by its text: many cases start
// from the same.
var starts sync.Map

// start plans a schema from nothing, and lets an hour pass.
func (p *project) start(hcl []byte) {
	p.t.Helper()
	p.hcl = hcl
	once, _ := starts.LoadOrStore(string(hcl), sync.OnceValue(func() map[string]string {
		p.plan()
		return p.files()
	}))
	p.write(once.(func() map[string]string)())
	p.now = p.now.Add(time.Hour)
}

// files returns the folder's files by path, without the sums.
func (p *project) files() map[string]string {
	p.t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(p.root, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || d.IsDir() || d.Name() == migration.SumFile || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(p.root, path)
		files[filepath.ToSlash(name)] = string(b)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return files
}

// TestMake plans each archive of testdata: from before.hcl, before.sql, or the migrations in
// before, to after.hcl. The planned files are those in want, or the error is want/error.
// Then they run on a database with the rows of rows.sql, and back; want/rows tells how many
// there are and what query.sql says after the way up.
// The file rename holds what -rename says, the file postgres on which versions it runs.
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
				p.write(map[string]string{"20250101000000_before.sql": sql})
			}
			if files := c.Under("before/"); len(files) > 0 {
				p.write(files)
			}
			before := p.files()
			p.hcl = []byte(c.Files["after.hcl"])
			p.rename = strings.TrimSuffix(c.Files["rename"], "\n")
			got := map[string]string{}
			pl, err := Make(context.Background(), p.config())
			if err != nil {
				got["error"] = err.Error() + "\n"
				if diff := cmp.Diff(before, p.files()); diff != "" {
					t.Errorf("files changed though there was an error:\n%s", diff)
				}
			} else {
				if err := pl.Write(t.Context(), p.root); err != nil {
					t.Fatal(err)
				}
				for name, text := range p.files() {
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
				p.rename = ""
				if !ok {
					again, err := Make(context.Background(), p.config())
					if err != nil || len(again.Files) > 0 {
						t.Errorf("the plan once written, there is more to do: %v, %v", again, err)
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
