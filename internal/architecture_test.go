package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// docs/ARCHITECTURE.md lists all packages, and names only what exists.
func TestArchitecture(t *testing.T) {
	text, err := os.ReadFile("../docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	packages, declared := declarations(t)
	var listed []string
	forTests := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `((?:internal/|magefiles)[^`]*)` \\| (For tests: )?\\S").FindAllStringSubmatch(string(text), -1) {
		listed = append(listed, m[1])
		forTests[m[1]] = m[2] != ""
	}
	for pkg, names := range imports {
		for name := range strings.FieldsSeq(names) {
			if !forTests[pkg] && slices.Index(listed, "internal/"+name) < slices.Index(listed, pkg) {
				t.Errorf("docs/ARCHITECTURE.md lists %s after internal/%s, which it imports", pkg, name)
			}
		}
	}
	slices.Sort(listed)
	if d := cmp.Diff(packages, listed); d != "" {
		t.Errorf("packages (-tree +document):\n%s", d)
	}

	identifier := regexp.MustCompile(`^([a-z0-9]+)\.([A-Za-z]\w*(?:\.[A-Za-z]\w*)?)$`)
	file := regexp.MustCompile(`^(internal|magefiles|docs|migrations|\.ci|\.github)/[^ ]+$`)
	identifiers, files := 0, 0
	for i, line := range strings.Split(string(text), "\n") {
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(line, -1) {
			switch id := identifier.FindStringSubmatch(m[1]); {
			case file.MatchString(m[1]):
				files++
				if found, err := filepath.Glob(filepath.Join("..", m[1])); err != nil || len(found) == 0 {
					t.Errorf("docs/ARCHITECTURE.md:%d: there is no %s", i+1, m[1])
				}
			case id != nil && declared[id[1]] != nil:
				identifiers++
				if !declared[id[1]][id[2]] {
					t.Errorf("docs/ARCHITECTURE.md:%d: package %s has no %s", i+1, id[1], id[2])
				}
			}
		}
	}
	if identifiers < 40 || files < 40 {
		t.Errorf("only %d identifiers and %d files were found", identifiers, files)
	}
}

// declarations returns the folders with Go files, sorted, and what their packages declare, by the packages' names:
// "Read", "Dir", "Dir.Verify".
func declarations(t *testing.T) (packages []string, declared map[string]map[string]bool) {
	t.Helper()
	declared = map[string]map[string]bool{}
	set := token.NewFileSet()
	err := fs.WalkDir(os.DirFS(".."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "testdata" || name != "." && d.Name()[0] == '.' || otherModule(name) {
				return fs.SkipDir
			}
			return nil
		}
		dir := path.Dir(name)
		if !strings.HasSuffix(name, ".go") || dir == "." {
			return nil
		}
		f, err := parser.ParseFile(set, filepath.Join("..", filepath.FromSlash(name)), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if dir != "internal" && !slices.Contains(packages, dir) {
			packages = append(packages, dir)
		}
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		pkg := f.Name.Name
		if declared[pkg] == nil {
			declared[pkg] = map[string]bool{}
		}
		for _, decl := range f.Decls {
			for _, id := range declaredBy(decl) {
				declared[pkg][id] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(packages)
	return packages, declared
}

// otherModule reports whether a folder is a module that only builds other tools.
func otherModule(dir string) bool {
	_, err := os.Stat(filepath.Join("..", dir, "go.mod"))
	return err == nil && dir != "." && dir != "internal/bench" && dir != "internal/ship" && dir != "internal/site/browser"
}

func declaredBy(decl ast.Decl) (ids []string) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		name := decl.Name.Name
		if decl.Recv != nil {
			typ := decl.Recv.List[0].Type
			if star, ok := typ.(*ast.StarExpr); ok {
				typ = star.X
			}
			if of, ok := typ.(*ast.IndexExpr); ok {
				typ = of.X
			}
			name = typ.(*ast.Ident).Name + "." + name
		}
		ids = append(ids, name)
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				ids = append(ids, spec.Name.Name)
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					ids = append(ids, n.Name)
				}
			}
		}
	}
	return ids
}

// Links between documents lead somewhere.
func TestDocumentLinks(t *testing.T) {
	names, err := filepath.Glob("../*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"../llms.txt", "../docs/*.md", "../docs/*/*.md"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, more...)
	}
	link := regexp.MustCompile(`\]\(([^)]+)\)`)
	links := 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			target, anchor, _ := strings.Cut(m[1], "#")
			file := name
			if target != "" {
				file = filepath.Join(filepath.Dir(name), target)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(t, file), anchor) {
				t.Errorf("%s links to %s, which has no such heading", name, m[1])
			}
		}
	}
	if links < 10 {
		t.Errorf("only %d links were found", links)
	}
}

// anchors are the headings of a document, as GitHub names them in links.
func anchors(t *testing.T, file string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(text), -1) {
		kept := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(m[1]), "")
		list = append(list, strings.ReplaceAll(kept, " ", "-"))
	}
	return list
}
