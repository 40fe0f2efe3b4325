// Package internal_test holds what is true of the packages as a whole.
package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/ibutsu/ibutsu-schema/"

// imports are the packages of the project that each of its packages may import, tests aside: those that it needs, and none
// above it.
var imports = map[string]string{
	"internal/catalog":    "migration pgsql",
	"internal/devdb":      "fix",
	"internal/fix":        "pgsql",
	"internal/gitdiff":    "tree",
	"internal/lint":       "catalog devdb fix gitdiff migration pgsql plan runner state",
	"internal/migration":  "pgsql runner tree",
	"internal/migrator":   "catalog fix migration pgsql revision runner",
	"internal/pgsql":      "",
	"internal/pgtest":     "devdb",
	"internal/plan":       "catalog devdb fix gitdiff migration pgsql runner state tree",
	"internal/project":    "pgsql tree",
	"internal/report":     "catalog lint migration migrator pgsql plan revision runner tree",
	"internal/revision":   "catalog migration pgsql",
	"internal/runner":     "pgsql",
	"internal/schematest": "",
	"internal/state":      "catalog devdb migration pgsql runner",
	"internal/tree":       "",
}

// sources parses the files of the packages below internal, tests and modules of their own aside, by package.
func sources(t *testing.T) (*token.FileSet, map[string][]*ast.File) {
	t.Helper()
	set, files := token.NewFileSet(), map[string][]*ast.File{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if mod, _ := filepath.Glob(filepath.Join(name, "go.mod")); len(mod) > 0 || d.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(set, name, nil, 0)
		pkg := path.Join("internal", filepath.ToSlash(filepath.Dir(name)))
		files[pkg] = append(files[pkg], f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return set, files
}

func TestImports(t *testing.T) {
	_, files := sources(t)
	got := map[string]string{}
	for pkg, list := range files {
		names := map[string]bool{}
		for _, f := range list {
			for _, spec := range f.Imports {
				p, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				if name, ok := strings.CutPrefix(p, module); ok {
					names[strings.TrimPrefix(name, "internal/")] = true
				}
			}
		}
		got[pkg] = strings.Join(slices.Sorted(maps.Keys(names)), " ")
	}
	if diff := cmp.Diff(imports, got); diff != "" {
		t.Errorf("imports (-allowed +found):\n%s", diff)
	}
}

// How a statement may be run is one package's decision.
func TestClassIsTheRunners(t *testing.T) {
	set, files := sources(t)
	calls := 0
	for pkg, list := range files {
		for _, f := range list {
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Class" {
					calls++
					if pkg != "internal/runner" && pkg != "internal/pgsql" {
						t.Errorf("%s calls Class: runner.Cut and runner.Check say how a statement runs", set.Position(call.Pos()))
					}
				}
				return true
			})
		}
	}
	if calls == 0 {
		t.Error("nothing calls Class")
	}
}
