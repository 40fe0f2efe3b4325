// Package testcase reads test cases from txtar archives and rewrites their expected outputs. What the files in an
// archive mean is up to the tests that read them.
package testcase

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// TableHCL begins a schema file with two tables. The caller adds columns to the second and closes it.
const TableHCL = `schema "public" {
}
table "other" {
  schema = schema.public
  column "id" {
    type = int
  }
}
table "t" {
  schema = schema.public
  column "a" {
    type = int
    null = true
  }
`

// A Case is the archive NAME.txtar.
type Case struct {
	Name  string
	Files map[string]string // contents by slash-separated path, read-only

	path    string
	archive *txtar.Archive
}

// Read reads the cases in dir, sorted by name. It fails if dir is empty or contains anything else, or if a case lacks
// one of the required files.
func Read(dir string, required ...string) ([]*Case, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var cases []*Case
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		name, ok := strings.CutSuffix(e.Name(), ".txtar")
		if !ok {
			return nil, fmt.Errorf("%s is not a txtar archive", path)
		}
		archive, err := txtar.ParseFile(path)
		if err != nil {
			return nil, err
		}
		c := &Case{Name: name, path: path, archive: archive}
		if c.Files, err = contents(archive); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, file := range required {
			if _, ok := c.Files[file]; !ok {
				return nil, fmt.Errorf("%s has no file %s", path, file)
			}
		}
		cases = append(cases, c)
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("%s contains no cases", dir)
	}
	return cases, nil
}

func contents(a *txtar.Archive) (map[string]string, error) {
	files := map[string]string{}
	for _, f := range a.Files {
		if _, ok := files[f.Name]; ok {
			return nil, fmt.Errorf("two files %s", f.Name)
		}
		files[f.Name] = string(f.Data)
	}
	return files, nil
}

// Under returns the files whose paths begin with prefix, by the rest of their paths.
func (c *Case) Under(prefix string) map[string]string {
	files := map[string]string{}
	for name, text := range c.Files {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			files[rest] = text
		}
	}
	return files
}

// Update replaces the files that Under(prefix) returns, and rewrites the archive. The new files are sorted by path and
// take the position of the first file that they replace, or the end. If an archive can't represent them, Update fails
// and leaves the archive unchanged.
func (c *Case) Update(prefix string, files map[string]string) error {
	replaced := func(f txtar.File) bool { return strings.HasPrefix(f.Name, prefix) }
	list := slices.DeleteFunc(slices.Clone(c.archive.Files), replaced)
	at := slices.IndexFunc(c.archive.Files, replaced)
	if at < 0 {
		at = len(list)
	}
	want := map[string]string{}
	for _, f := range list {
		want[f.Name] = string(f.Data)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		list = slices.Insert(list, at, txtar.File{Name: prefix + name, Data: []byte(files[name])})
		want[prefix+name] = files[name]
		at++
	}
	a := &txtar.Archive{Comment: c.archive.Comment, Files: list}
	data := txtar.Format(a)
	if got, err := contents(txtar.Parse(data)); err != nil || !maps.Equal(got, want) {
		return errors.New(c.path + " can't represent these files: each must end with a newline and contain no file marker (-- NAME --)")
	}
	if err := os.WriteFile(c.path, data, 0o644); err != nil {
		return err
	}
	c.Files, c.archive = want, a
	return nil
}
