package internal_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the documents that come from the code")

// written compares a document with what it should be.
func written(t *testing.T, name, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(have), want); diff != "" {
		t.Errorf("%s (-have +want); -update writes it:\n%s", name, diff)
	}
}

var links = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)

// docs/README.md links to every document, and llms.txt is that list for language models.
func TestIndex(t *testing.T) {
	text, err := os.ReadFile("../docs/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var linked []string
	for _, m := range links.FindAllStringSubmatch(string(text), -1) {
		linked = append(linked, path.Join("docs", m[1]))
	}
	root := os.DirFS("..")
	err = fs.WalkDir(root, "docs", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "docs":
			if _, err := fs.Stat(root, name+"/README.md"); err == nil { // an index of its own
				if !slices.Contains(linked, name+"/README.md") {
					t.Errorf("docs/README.md has no link to %s/README.md", name)
				}
				return fs.SkipDir
			}
		case path.Ext(name) == ".md" && name != "docs/README.md" && !slices.Contains(linked, name):
			t.Errorf("docs/README.md has no link to %s", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	_, sections, _ := strings.Cut(string(text), "\n## ")
	sections = links.ReplaceAllStringFunc("\n## "+sections, func(link string) string {
		m := links.FindStringSubmatch(link)
		return "](" + path.Join("docs", m[1]) + m[2] + ")"
	})
	written(t, "../llms.txt", "# ibutsu-schema\n\n> The PostgreSQL schema of Ibutsu, declared in schema.hcl, and the tool that plans, lints and applies its migrations and records them in\n"+
		"> Alembic's alembic_version. Commands run as `ibutsu-schema COMMAND`, or in a clone as `go tool mage COMMAND`; options are written -name=value.\n"+sections)
}

// advice matches what a message says after a colon or a semicolon: what to do.
var advice = regexp.MustCompile("^(.*?)[:;] ((?:(?:to|if|or|and|first|with) [^:;]*?)?(?:`|(?:add|ask|check|choose|commit|create|declare|fix|free|give|grant|install|let|merge|move|name|omit|put|remove|rename|restore|run|save|set|try|use|wait|write)\\b).*)$")

// errorSections are the packages whose messages docs/errors.md has, with its headings.
var errorSections = []struct{ title, packages string }{
	{"Applying and reverting", "migrator runner"},
	{"The record", "revision"},
	{"Taking over and comparing databases", "adopt"},
	{"Beginning and importing", "onboard importer capture alembic"},
	{"Files", "migration batch pgsql schemahcl catalog history site state tree hclsize"},
	{"Planning", "plan plan/online"},
	{"Settings and databases", "project gitdiff devdb"},
	{"The command line", "cmdline report"},
}

// docs/errors.md has the messages that say what to do, from the code.
func TestErrors(t *testing.T) {
	var b strings.Builder
	b.WriteString("<!-- go test ./internal -run TestErrors -update writes this page from the code. -->\n\n# Errors\n\n" +
		"An error says what is wrong and what to do. This page lists those that name a remedy, to search in; … is where names and numbers are. [Exit codes](reference.md#exit-codes)\n" +
		"say what kind of error it was, and [hazards](hazards/README.md) explains what `lint` finds.\n")
	rows := 0
	for _, s := range errorSections {
		fmt.Fprintf(&b, "\n## %s\n\n| Message | What to do |\n| --- | --- |\n", s.title)
		var lines []string
		for pkg := range strings.FieldsSeq(s.packages) {
			for _, m := range messages(t, pkg) {
				if parts := advice.FindStringSubmatch(m); parts != nil && strings.Contains(strings.TrimLeft(parts[1], "… :"), " ") {
					lines = append(lines, fmt.Sprintf("| %s | %s |\n", cell(parts[1]), cell(parts[2])))
				}
			}
		}
		slices.Sort(lines)
		lines = slices.Compact(lines)
		rows += len(lines)
		b.WriteString(strings.Join(lines, ""))
	}
	if rows < 100 {
		t.Errorf("only %d messages were found", rows)
	}
	written(t, "../docs/errors.md", b.String())
}

func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace(text)
}

// errorFunctions make errors of a format, their first string.
var errorFunctions = []string{"Errorf", "New", "Sprintf", "refuse", "refused", "add", "problem", "at", "complain", "errorAt", "fail", "bad", "syntaxError", "transaction"}

// messages are the formats of a package's errors, with … in the place of verbs.
func messages(t *testing.T, pkg string) (list []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(pkg), "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no files: %v", pkg, err)
	}
	verb := regexp.MustCompile(`"%(\[\d\])?[+#.\d]*[a-zA-Z]"|%(\[\d\])?[+#.\d]*[a-zA-Z]`)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			var callee string
			switch f := call.Fun.(type) {
			case *ast.SelectorExpr:
				callee = f.Sel.Name
			case *ast.Ident:
				callee = f.Name
			}
			i := slices.IndexFunc(call.Args, func(e ast.Expr) bool {
				lit, ok := e.(*ast.BasicLit)
				return ok && lit.Kind == token.STRING
			})
			if i < 0 || !slices.Contains(errorFunctions, callee) {
				return true
			}
			text, err := strconv.Unquote(call.Args[i].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, strings.ReplaceAll(verb.ReplaceAllString(text, "…"), "%%", "%"))
			return true
		})
	}
	return list
}
