// Package internal_test tests the packages as a whole: imports, files, output, words and documents.
package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/ibutsu/ibutsu-schema/"

// imports are the packages that each package may import, except in tests.
var imports = map[string]string{
	"internal/adopt":         "catalog devdb fix hazard migration migrator pgsql plan plan/online proof revision runner state words",
	"internal/alembic":       "migration pgsql runner tree",
	"internal/batch":         "pgsql",
	"internal/capture":       "pgsql",
	"internal/catalog":       "migration pgsql syscat",
	"internal/cmdline":       "usage words",
	"internal/devdb":         "fix pgsql",
	"internal/fix":           "batch pgsql",
	"internal/gitdiff":       "tree",
	"internal/hazard":        "fix pgsql",
	"internal/hclsize":       "",
	"internal/history":       "catalog fix gitdiff migration pgsql plan proof runner state tree",
	"internal/importer":      "alembic capture catalog devdb migration onboard pgsql proof runner state",
	"internal/lint":          "batch catalog devdb fix gitdiff hazard migration oidmap pgsql project proof runner schemahcl state syscat words",
	"internal/markdown":      "",
	"internal/migration":     "batch pgsql runner tree",
	"internal/migrator":      "batch catalog fix migration pgsql revision runner usage words",
	"internal/oidmap":        "",
	"internal/onboard":       "catalog devdb migration migrator pgsql proof revision runner state tree",
	"internal/pgsql":         "",
	"internal/pgtest":        "batch devdb pgsql",
	"internal/plan":          "catalog fix hazard migration pgsql plan/online proof state usage",
	"internal/plan/online":   "batch catalog fix hazard pgsql runner state usage",
	"internal/project":       "hclsize pgsql tree usage words",
	"internal/projecttest":   "devdb migration pgtest proof",
	"internal/proof":         "catalog devdb migration pgsql runner state",
	"internal/report":        "adopt alembic catalog fix hazard history importer lint markdown migration migrator onboard pgsql plan proof revision runner site site/diagram state tree usage words",
	"internal/revision":      "batch catalog migration pgsql runner words",
	"internal/runner":        "batch pgsql",
	"internal/schemahcl":     "hclsize pgsql tree words",
	"internal/schematest":    "",
	"internal/site":          "catalog markdown migration pgsql site/diagram state tree usage",
	"internal/site/diagram":  "catalog pgsql site/graphviz words",
	"internal/site/graphviz": "",
	"internal/site/review":   "catalog fix hazard lint migration pgsql site/diagram words",
	"internal/state":         "catalog devdb migration pgsql runner schemahcl words",
	"internal/syscat":        "oidmap pgsql",
	"internal/testcase":      "",
	"internal/tree":          "",
	"internal/usage":         "",
	"internal/wire":          "",
	"internal/words":         "",
}

// sources parses the files of the packages below internal, by package, without tests and other modules.
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

// SQLSTATEs have names, which package pgsql declares.
func TestSQLStatesHaveNames(t *testing.T) {
	set, files := sources(t)
	code := regexp.MustCompile(`^"(0[0-9A-Z]|2[0-9A-Z]|3[BDF]|4[024]|5[3-8]|P0|XX)[0-9A-Z]{3}"$`)
	states := 0
	for pkg, list := range files {
		for _, f := range list {
			ast.Inspect(f, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && code.MatchString(lit.Value) {
					states++
					if pkg != "internal/pgsql" {
						t.Errorf("%s: use the name of %s in package pgsql", set.Position(lit.Pos()), lit.Value)
					}
				}
				return true
			})
		}
	}
	if states == 0 {
		t.Error("no SQLSTATE")
	}
}

// Package runner decides how a statement may run.
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
						t.Errorf("%s calls Class: use runner.Cut or runner.Check", set.Position(call.Pos()))
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

// Only package report prints, since it ensures that foreign text does no harm. The targets only name the streams, and
// pass them to commands that they run.
func TestOnlyReportPrints(t *testing.T) {
	set, files := sources(t)
	targets, err := filepath.Glob("../magefiles/*.go")
	if err != nil || len(targets) == 0 {
		t.Fatalf("%d files of targets, %v", len(targets), err)
	}
	for _, name := range targets {
		f, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files["magefiles"] = append(files["magefiles"], f)
	}
	streams := 0
	for pkg, list := range files {
		if pkg == "internal/report" {
			continue
		}
		for _, f := range list {
			allowed := map[ast.Node]bool{}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					name := dotted(n.Fun)
					if pkg == "magefiles" && (name == "report.NewStream" || name == "readTests") { // readTests prints the output of the project's own tests
						for _, arg := range n.Args {
							allowed[arg] = true
						}
					}
					if prints(name) {
						t.Errorf("%s prints with %s: use internal/report", set.Position(n.Pos()), name)
					}
				case *ast.AssignStmt:
					for i, left := range n.Lhs {
						if sel, ok := left.(*ast.SelectorExpr); ok && pkg == "magefiles" && i < len(n.Rhs) && (sel.Sel.Name == "Stdout" || sel.Sel.Name == "Stderr") {
							allowed[n.Rhs[i]] = true
						}
					}
				case *ast.SelectorExpr:
					if name := dotted(n); name == "os.Stdout" || name == "os.Stderr" {
						streams++
						if !allowed[n] {
							t.Errorf("%s uses %s: use internal/report", set.Position(n.Pos()), name)
						}
					}
				}
				return true
			})
		}
	}
	if streams == 0 {
		t.Error("no file names a stream")
	}
}

// prints reports whether a function prints.
func prints(name string) bool {
	switch name {
	case "print", "println", "slog.Debug", "slog.Info", "slog.Warn", "slog.Error", "slog.Log", "slog.Default":
		return true
	}
	return slices.ContainsFunc([]string{"fmt.Print", "log.Print", "log.Fatal", "log.Panic", "log.Default"}, func(prefix string) bool {
		return strings.HasPrefix(name, prefix)
	})
}

// In internal/report, foreign text becomes output only by the functions of text.go and markdown.go: only they convert
// text to the types that are written unchanged, and only stream.go writes. Formats are constants.
func TestReportTrustsNoText(t *testing.T) {
	set, files := sources(t)
	conversions, writes, formats := 0, 0, 0
	for _, f := range files["internal/report"] {
		file := filepath.Base(set.Position(f.Pos()).Filename)
		at := func(n ast.Node) token.Position { return set.Position(n.Pos()) }
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				name := dotted(n.Fun)
				last := name[strings.LastIndexByte(name, '.')+1:]
				switch {
				case name == "safe" || name == "markdown":
					conversions++
					if _, constant := n.Args[0].(*ast.BasicLit); !constant && file != "text.go" && file != "markdown.go" {
						t.Errorf("%s converts something that isn't a constant to %s", at(n), name)
					}
				case last == "sprintf" || last == "printf" || last == "Say":
					formats++
					_, constant := n.Args[0].(*ast.BasicLit)
					if id, ok := n.Args[0].(*ast.Ident); !constant && !(ok && id.Name == "format") {
						t.Errorf("%s: the format isn't a constant", at(n))
					}
				case last == "Write" || last == "WriteString" || strings.HasPrefix(name, "fmt.Fprint") || strings.HasPrefix(name, "fmt.Print") || name == "json.NewEncoder" || name == "print" || name == "println":
					writes++
					if file != "stream.go" && file != "text.go" && file != "markdown.go" {
						t.Errorf("%s: %s: write with a method of Stream", at(n), name)
					}
				case name == "slog.NewJSONHandler":
					if w, ok := n.Args[0].(*ast.CallExpr); !ok || dotted(w.Fun) != "s.jsonWriter" || file != "stream.go" {
						t.Errorf("%s: write with Stream.logger", at(n))
					}
				}
			case *ast.SelectorExpr:
				if name := dotted(n); (name == "os.Stdout" || name == "os.Stderr") || n.Sel.Name == "w" && file != "stream.go" {
					t.Errorf("%s: %s: write with a method of Stream", at(n), name)
				}
			}
			return true
		})
	}
	if conversions == 0 || writes == 0 || formats == 0 {
		t.Errorf("%d conversions, %d writes, %d formats", conversions, writes, formats)
	}
}

// dotted returns the text of a name, possibly qualified.
func dotted(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return dotted(e.X) + "." + e.Sel.Name
	}
	return ""
}
