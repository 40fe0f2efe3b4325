package internal_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// jsonRoots are what commands print with -format=json, as types of package report.
var jsonRoots = []struct{ commands, name string }{
	{"`plan`", "planned"}, {"`checkpoint`", "checkpointed"}, {"`check`, `lint`", "summary"}, {"`lint -list`, a list, and `lint -explain`", "explained"}, {"`apply`", "applied"},
	{"`down`", "reverted"}, {"`status`, `history`", "status"}, {"`stamp`", "stamped"}, {"`adopt`", "adopted"}, {"`adopt -repair`", "repaired"}, {"`drift`", "drifted"},
	{"`baseline`", "baselined"}, {"`import`", "imported"}, {"`rebase`", "rebased"}, {"`export`", "exported"}, {"`upstream`", "compared"}, {"`docs`", "documented"},
}

// docs/json.md has the types of the JSON that commands print.
func TestJSON(t *testing.T) {
	d := jsonDocument{t: t, packages: map[string]map[string]*goType{}}
	d.b.WriteString("<!-- go test ./internal -run TestJSON -update writes this page from the code. -->\n\n# JSON\n\n" +
		"With `-format=json`, commands print one value on standard output. Where the [Atlas SDK](https://pkg.go.dev/ariga.io/atlas-go-sdk/atlasexec) has a type for it, it is that\n" +
		"type, with more fields. Fields marked with ? are omitted if they are empty. Progress goes to standard error: see [Output](reference.md#output).\n\n| Command | Prints |\n| --- | --- |\n")
	for _, r := range jsonRoots {
		fmt.Fprintf(&d.b, "| %s | %s |\n", r.commands, d.link("report", r.name))
	}
	for i := 0; i < len(d.todo); i++ { // it grows
		d.section(d.todo[i])
	}
	written(t, "../docs/json.md", d.b.String())
}

type jsonDocument struct {
	t        *testing.T
	b        strings.Builder
	packages map[string]map[string]*goType // by the package's path below internal, and name
	todo     []*goType                     // types in the document, in order
}

// A goType is a declared type.
type goType struct {
	pkg, name string
	comment   string
	expr      ast.Expr
	imports   map[string]string // of its file: paths by name
}

// find returns the type of a package below internal, or nil.
func (d *jsonDocument) find(pkg, name string) *goType {
	if d.packages[pkg] == nil {
		d.packages[pkg] = map[string]*goType{}
		files, err := filepath.Glob(filepath.Join(filepath.FromSlash(pkg), "*.go"))
		if err != nil || len(files) == 0 {
			d.t.Fatalf("package %s has no files: %v", pkg, err)
		}
		for _, file := range files {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				d.t.Fatal(err)
			}
			imports := map[string]string{}
			for _, i := range f.Imports {
				p, _ := strconv.Unquote(i.Path.Value)
				imports[path.Base(p)] = p
			}
			for _, decl := range f.Decls {
				gen, ok := decl.(*ast.GenDecl)
				if !ok || gen.Tok != token.TYPE {
					continue
				}
				for _, spec := range gen.Specs {
					s := spec.(*ast.TypeSpec)
					d.packages[pkg][s.Name.Name] = &goType{pkg, s.Name.Name, gen.Doc.Text(), s.Type, imports}
				}
			}
		}
	}
	return d.packages[pkg][name]
}

// link returns a link to the section of a type, and adds that.
func (d *jsonDocument) link(pkg, name string) string {
	typ := d.find(pkg, name)
	if typ == nil {
		d.t.Fatalf("there is no type %s.%s", pkg, name)
	}
	if !slices.Contains(d.todo, typ) {
		d.todo = append(d.todo, typ)
	}
	return fmt.Sprintf("[%s](#%s)", name, strings.ToLower(name))
}

// typ describes a type of a field.
func (d *jsonDocument) typ(in *goType, expr ast.Expr) string {
	switch x := expr.(type) {
	case *ast.StarExpr:
		return d.typ(in, x.X)
	case *ast.ArrayType:
		return "list of " + d.typ(in, x.Elt)
	case *ast.Ident:
		if typ := d.find(in.pkg, x.Name); typ != nil {
			return d.named(typ)
		}
		return x.Name
	case *ast.SelectorExpr:
		pkg := x.X.(*ast.Ident).Name
		if below, ok := strings.CutPrefix(in.imports[pkg], "github.com/ibutsu/ibutsu-schema/internal/"); ok {
			return d.named(d.find(below, x.Sel.Name))
		}
		if pkg == "time" {
			return "time"
		}
		return fmt.Sprintf("[%s](https://pkg.go.dev/%s#%[1]s)", x.Sel.Name, in.imports[pkg])
	}
	d.t.Fatalf("%s.%s: no words for a %T", in.pkg, in.name, expr)
	return ""
}

// named describes a declared type: a struct by a link, others by what they are.
func (d *jsonDocument) named(typ *goType) string {
	if _, ok := typ.expr.(*ast.StructType); ok {
		return d.link(typ.pkg, typ.name)
	}
	return d.typ(typ, typ.expr)
}

func (d *jsonDocument) section(typ *goType) {
	fmt.Fprintf(&d.b, "\n## %s\n\n%s\n\n", typ.name, strings.ReplaceAll(strings.TrimSpace(typ.comment), "\n", " "))
	var embedded, rows []string
	for _, f := range typ.expr.(*ast.StructType).Fields.List {
		comment := strings.TrimSpace(f.Comment.Text() + " " + f.Doc.Text())
		key, omit := "", false
		if f.Tag != nil {
			tag, _ := strconv.Unquote(f.Tag.Value)
			var options string
			key, options, _ = strings.Cut(reflect.StructTag(tag).Get("json"), ",")
			omit = strings.HasPrefix(options, "omit")
		}
		if len(f.Names) == 0 && key == "" {
			embedded = append(embedded, d.typ(typ, f.Type))
		}
		for _, n := range f.Names {
			name := key
			if name == "" {
				name = n.Name
			}
			if name == "-" || !n.IsExported() {
				continue
			}
			if omit {
				name += "?"
			}
			rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |\n", name, d.typ(typ, f.Type), cell(strings.ReplaceAll(comment, "\n", " "))))
		}
	}
	if len(embedded) > 0 {
		fmt.Fprintf(&d.b, "It has the fields of %s.\n\n", strings.Join(embedded, " and "))
	}
	if len(rows) > 0 {
		d.b.WriteString("| Field | Type | |\n| --- | --- | --- |\n" + strings.Join(rows, ""))
	}
}

// Each type that package report prints as JSON is in the list.
func TestJSONRoots(t *testing.T) {
	files, err := filepath.Glob("report/*.go")
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "_test.go") {
			calls += strings.Count(string(text), "Out.json(")
		}
	}
	// check and lint are two calls, as are -list and -explain, and status and history are three. Four print other
	// values: init, version, SARIF, lint -snapshot.
	if want := len(jsonRoots) + 4 + 4; calls != want {
		t.Errorf("package report prints %d values as JSON, want %d: add a new one to jsonRoots", calls, want)
	}
}
