// Package onboard begins projects.
package onboard

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

//go:embed files
var files embed.FS

// Paths are where a project's files are, relative to its folder, with slashes.
type Paths struct {
	Config     string // atlas.hcl
	Schema     string // the schema file
	Migrations string // the migrations folder
}

// DefaultPaths are those that a new atlas.hcl names.
var DefaultPaths = Paths{Config: "atlas.hcl", Schema: "schema.hcl", Migrations: "migrations"}

// Result lists the files that a project has after Init, relative to its folder.
type Result struct {
	Written []string
	Kept    []string // were there before, and are unchanged
	Ignore  string   `json:",omitempty"` // a line that a kept .gitignore lacks
}

// ignored is the page that review writes, as a line of .gitignore.
const ignored = "/review.html"

// Workflow is where GitHub looks for the workflow that checks pull requests.
const Workflow = ".github/workflows/schema.yml"

// Init writes the files with which a project begins into the folder root, as far as they are missing: the project
// file, an empty schema file, .gitattributes, .gitignore, and the migrations folder with its checksums, because git
// keeps no empty folder; with github also Workflow. It never overwrites a file, and writes all of them or, after an
// error, none.
func Init(ctx context.Context, root string, at Paths, github bool) (*Result, error) {
	res := &Result{}
	paths := strings.NewReplacer("- "+DefaultPaths.Schema, "- "+strconv.Quote(at.Schema), DefaultPaths.Migrations+"/**", at.Migrations+"/**")
	if at == DefaultPaths {
		paths = strings.NewReplacer()
	}
	sum := path.Join(at.Migrations, migration.SumFile)
	err := tree.Locked(ctx, root, func(folder *tree.Tree) error {
		var missing []tree.NewFile
		for _, f := range []struct{ exists, name, from string }{
			{at.Config, at.Config, "atlas.hcl"}, {at.Schema, at.Schema, "schema.hcl"}, {".gitattributes", ".gitattributes", "gitattributes"},
			{".gitignore", ".gitignore", "gitignore"}, {at.Migrations, sum, ""}, {Workflow, Workflow, "workflow.yml"},
		} {
			if f.name == Workflow && !github {
				continue
			}
			switch _, err := folder.Stat(f.exists); {
			case err == nil:
				res.Kept = append(res.Kept, f.exists)
				if f.from == "gitignore" && !ignores(folder) {
					res.Ignore = ignored
				}
				continue
			case !errors.Is(err, fs.ErrNotExist):
				return err
			}
			text := migration.EmptySum()
			if f.from != "" {
				src, err := files.ReadFile(path.Join("files", f.from))
				if err != nil {
					return err
				}
				text = string(src)
			}
			if f.name == Workflow {
				text = paths.Replace(text)
			}
			missing = append(missing, tree.NewFile{Name: filepath.FromSlash(f.name), Text: text})
			res.Written = append(res.Written, f.name)
		}
		return tree.Replace(folder.Root(), missing, nil)
	})
	if err != nil {
		return &Result{}, fmt.Errorf("beginning a project: %w", err)
	}
	return res, nil
}

// ignores reports whether .gitignore has the line of review's page.
func ignores(folder *tree.Tree) bool {
	text, err := folder.ReadFile(".gitignore")
	return err == nil && slices.ContainsFunc(strings.Split(string(text), "\n"), func(line string) bool {
		line = strings.TrimSpace(line)
		return line == ignored || "/"+line == ignored
	})
}

// Initial reports whether a schema file is missing (nil) or that which Init writes.
func Initial(schema []byte) bool {
	initial, err := files.ReadFile("files/schema.hcl")
	return schema == nil || err == nil && bytes.Equal(schema, initial)
}

// Write writes a schema file and migrations into a project in the folder root, both or none. before is what it was read
// as, and migrations its migrations folder.
func Write(ctx context.Context, root string, before proof.Base, schema []byte, migrations string, drafts []migration.Draft) error {
	return tree.Locked(ctx, root, func(folder *tree.Tree) error {
		name := filepath.FromSlash(before.SchemaName)
		now, err := folder.ReadFile(before.SchemaName)
		if errors.Is(err, fs.ErrNotExist) {
			now, err = nil, nil
		}
		switch {
		case err != nil:
			return err
		case !bytes.Equal(now, before.Schema):
			return fmt.Errorf("%s has changed since it was read: try again", before.SchemaName)
		}
		if err := tree.Replace(folder.Root(), []tree.NewFile{{Name: name, Text: string(schema)}}, nil); err != nil {
			return err
		}
		err = before.Dir.Write(ctx, migrations, drafts)
		if err == nil {
			return nil
		}
		if now == nil {
			return errors.Join(err, tree.Replace(folder.Root(), nil, []string{name}))
		}
		return errors.Join(err, tree.Replace(folder.Root(), []tree.NewFile{{Name: name, Text: string(now)}}, nil))
	})
}
