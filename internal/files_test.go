package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// opensFiles are the packages and files that don't open files with package tree, and why.
var opensFiles = map[string]string{
	"internal/tree":                "for all other packages",
	"internal/devdb":               "its own folders, the user's cache and installed programs",
	"internal/pgtest":              "the tests' server",
	"internal/schematest":          "the tests' data",
	"internal/testcase":            "the tests' cases",
	"internal/projecttest":         "the tests' projects",
	"internal/proof/walk.go":       "the running program",
	"internal/project/project.go":  "finds the project's folder",
	"internal/project/database.go": "checks the files that a URL names",
	"internal/gitdiff/gitdiff.go":  "checks whether a file exists",
	"magefiles/drift.go":           "the file that -with names, which may be anywhere, and a link in a mounted volume",
	"magefiles/repair.go":          "the file that the user names",
	"magefiles/dev.go":             "counts the cases of this project's own tests",
}

// opensNone are the functions of package os that open no file.
var opensNone = []string{
	"LookupEnv", "Setenv", "Getenv", "Environ", "UserCacheDir", "UserHomeDir", "TempDir", "Getpid", "Getppid", "Geteuid", "Getuid", "Exit",
	"IsNotExist", "IsExist", "SameFile", "Executable", "Getwd", "Hostname", "NewFile", "FindProcess", "Getgid", "Getpagesize",
}

// TestFilesAreTheTrees finds code that opens files without package tree.
func TestFilesAreTheTrees(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))
		if e.IsDir() && (e.Name() == "testdata" || rel == "internal/bench" || rel == "internal/ship" || rel == "internal/e2e" || strings.HasPrefix(e.Name(), ".") && path != root) {
			return fs.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		for _, own := range []string{rel, rel[:max(0, strings.LastIndex(rel, "/"))]} {
			if opensFiles[own] != "" {
				used[own] = true
				return nil
			}
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := f.X.(*ast.Ident); ok && (pkg.Name == "os" && !slices.Contains(opensNone, f.Sel.Name) || pkg.Name == "unix" && strings.HasPrefix(f.Sel.Name, "Open")) {
				t.Errorf("%s calls %s.%s: open a project's files with package tree", rel, pkg.Name, f.Sel.Name)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, why := range opensFiles {
		if !used[name] {
			t.Errorf("%s (%s) no longer exists", name, why)
		}
	}
}
