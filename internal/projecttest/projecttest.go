// Package projecttest creates projects in temporary folders for tests. It writes what a test gives it and doesn't know
// the commands.
package projecttest

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
)

// Start is the time at which a new project's clock starts.
var Start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// RunsHCL is a schema file with one table. RunsFlakyHCL adds a column to it.
const RunsHCL = `schema "public" {
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

const RunsFlakyHCL = `schema "public" {
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

// A Project is a migrations folder and a schema file in a temporary folder.
type Project struct {
	T    testing.TB
	Root string // the migrations folder
	HCL  []byte
	Now  time.Time
}

// New returns an empty project at Start.
func New(t testing.TB) *Project {
	return &Project{T: t, Root: filepath.Join(t.TempDir(), "migrations"), Now: Start}
}

// Base reads the project's current files. Its server is the tests' shared one.
func (p *Project) Base() proof.Base {
	p.T.Helper()
	dir, err := migration.Read(os.DirFS(p.Root))
	if err != nil {
		p.T.Fatal(err)
	}
	return proof.Base{Server: pgtest.Server(p.T), Dir: dir, SchemaName: "schema.hcl", Schema: p.HCL}
}

// A Plan is a set of changes to a migrations folder.
type Plan interface {
	Write(ctx context.Context, root string) error
}

// Written writes a plan to the migrations folder, and returns it.
func Written[P Plan](p *Project, pl P, err error) P {
	p.T.Helper()
	if err == nil {
		err = pl.Write(p.T.Context(), p.Root)
	}
	if err != nil {
		p.T.Fatal(err)
	}
	return pl
}

// PlanRuns calls plan twice, an hour apart, first with RunsHCL and then with RunsFlakyHCL, so that it can write
// 20260102030405_add_runs and 20260102040405_add_runs_flaky.
func (p *Project) PlanRuns(plan func()) {
	p.HCL = []byte(RunsHCL)
	plan()
	p.Now = p.Now.Add(time.Hour)
	p.HCL = []byte(RunsFlakyHCL)
	plan()
}

// Write adds or replaces files in the migrations folder and updates atlas.sum.
func (p *Project) Write(files map[string]string) {
	p.T.Helper()
	for name, text := range files {
		path := filepath.Join(p.Root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			p.T.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			p.T.Fatal(err)
		}
	}
	if err := migration.Rehash(p.T.Context(), p.Root, nil); err != nil {
		p.T.Fatal(err)
	}
}

// Files returns the migrations folder's files by path, without atlas.sum.
func (p *Project) Files() map[string]string {
	p.T.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(p.Root, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || d.IsDir() || d.Name() == migration.SumFile || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(p.Root, path)
		files[filepath.ToSlash(name)] = string(b)
		return err
	})
	if err != nil {
		p.T.Fatal(err)
	}
	return files
}

// Edit replaces the first old in a file of the migrations folder with new. It doesn't update atlas.sum.
func (p *Project) Edit(name, old, new string) {
	p.T.Helper()
	path := filepath.Join(p.Root, name)
	b, err := os.ReadFile(path)
	if err != nil {
		p.T.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		p.T.Fatalf("no %q in %s:\n%s", old, name, b)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), old, new, 1)), 0o644); err != nil {
		p.T.Fatal(err)
	}
}

// Remove deletes a file of the migrations folder. It doesn't update atlas.sum.
func (p *Project) Remove(name string) {
	p.T.Helper()
	if err := os.Remove(filepath.Join(p.Root, name)); err != nil {
		p.T.Fatal(err)
	}
}

// Repository returns the project that this repository is.
func Repository(t testing.TB, srv *devdb.Server) proof.Base {
	t.Helper()
	root := filepath.Join("..", "..")
	dir, err := migration.Read(os.DirFS(filepath.Join(root, "migrations")))
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(filepath.Join(root, "schema.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	return proof.Base{Server: srv, Dir: dir, SchemaName: "schema.hcl", Schema: src}
}
