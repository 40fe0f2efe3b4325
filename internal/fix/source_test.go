package fix_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// statement matches SQL that is more than a command's name.
var statement = regexp.MustCompile(`\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|TRUNCATE|VACUUM|ANALYZE|REINDEX|CLUSTER|GRANT|REVOKE|SET LOCAL|DO|` +
	`REFRESH MATERIALIZED VIEW|LOCK TABLE|COMMENT ON|(?:ALTER|CREATE|DROP)(?: (?:IF|NOT|EXISTS|ONLY|OR|REPLACE|UNIQUE|TEMPORARY|CONCURRENTLY|TABLE|INDEX|TYPE|DOMAIN|ROLE|USER|SEQUENCE|VIEW|MATERIALIZED|SCHEMA|DATABASE|EXTENSION|FUNCTION|TRIGGER|POLICY|COLUMN|CONSTRAINT))+|` +
	`(?:ADD|VALIDATE|ATTACH|DETACH) (?:COLUMN|CONSTRAINT|PARTITION|VALUE|CHECK)|(?:COMMIT|ROLLBACK) PREPARED)` +
	` ?(?:%|\.\.\.|<|"|'|\$|\* FROM\b| $|[a-z_]+[.(;]|[A-Za-z_]+ (?:SET|FROM|ADD|DROP|ALTER|RENAME|TO|ON|CREATEDB|CHECK|WHERE|LIMIT)\b)`)

// finds reports whether a file makes findings. Lint's files that don't import pgx run nothing, so that all SQL in them
// is for people.
func finds(path string, file *ast.File) bool {
	return strings.Contains(path, "/lint/") &&
		!slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return strings.Contains(i.Path.Value, "jackc/pgx") })
}

// shown returns the SQL in a file's string literals that people see, with positions: all of it, or that in sentences,
// errors, refusals and comments of planned files.
func shown(fset *token.FileSet, file *ast.File, all bool) (list []string) {
	report := func(lit *ast.BasicLit, sql string) {
		list = append(list, fset.Position(lit.Pos()).String()+": "+sql)
	}
	var visit func(n ast.Node, forPeople bool)
	visit = func(n ast.Node, forPeople bool) {
		ast.Inspect(n, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.CallExpr:
				from, ok := peoplesArgument[callee(n)]
				if !ok || forPeople {
					return true
				}
				visit(n.Fun, false)
				for i, a := range n.Args {
					visit(a, i >= from)
				}
				return false
			case *ast.CompositeLit:
				if name := typeName(n.Type); !forPeople && (strings.HasSuffix(name, "Error") || slices.Contains([]string{"Refusal", "Problem", "Diagnostic"}, name)) {
					for _, e := range n.Elts {
						visit(e, true)
					}
					return false
				}
			case *ast.BasicLit:
				text, err := strconv.Unquote(n.Value)
				if n.Kind != token.STRING || err != nil {
					return true
				}
				if sql := sqlIn(text, forPeople); sql != "" {
					report(n, sql)
				}
			}
			return true
		})
	}
	visit(file, all)
	return list
}

// peoplesArgument has the first argument of functions that is for people.
var peoplesArgument = map[string]int{
	"fmt.Errorf": 0, "errors.New": 0, "fix.Words": 0, "d.refuse": 0, "sql": 1, "action": 2, "rewriteMark": 1, "blockMark": 2, "writeBlockMark": 1,
	"j.problem": 2, "p.complain": 1,
}

func callee(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name + "." + f.Sel.Name
		}
	}
	return ""
}

func typeName(e ast.Expr) string {
	switch t := e.(type) {
	case *ast.Ident:
		return t.Name
	case *ast.SelectorExpr:
		return t.Sel.Name
	}
	return ""
}

var verb = regexp.MustCompile(`%(\[\d+\])?[a-z]`)

// sqlIn returns a statement in a text: any if it is for people, otherwise one in a sentence or indented, as in a
// comment.
func sqlIn(text string, forPeople bool) string {
	for _, at := range statement.FindAllStringIndex(text, -1) {
		before := text[:at[0]]
		if strings.HasSuffix(before, "(") && !forPeople {
			continue // a subquery
		}
		first := regexp.MustCompile(`[A-Za-z]+`).FindString(verb.ReplaceAllString(text, ""))
		isSQL := first == strings.ToUpper(first)
		indented := strings.TrimLeft(before, " ") == "" && len(before) > 1
		if forPeople || !isSQL || indented {
			return text[at[0]:min(len(text), at[1]+20)]
		}
	}
	return ""
}

// TestSource finds no SQL for people outside the registry.
func TestSource(t *testing.T) {
	fset := token.NewFileSet()
	files, finders := 0, 0
	for _, root := range []string{"../../internal", "../../magefiles"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && slices.Contains([]string{"fix", "bench", "testdata", "pgtest", "schematest"}, d.Name()):
				return fs.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			files++
			all := finds(path, file)
			if all {
				finders++
			}
			for _, s := range shown(fset, file, all) {
				t.Errorf("%s: add an entry to internal/fix, or use words", s)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 150 || finders < 20 {
		t.Errorf("only %d files were read, and only %d of them make findings", files, finders)
	}
}

// TestShown tests what TestSource finds and ignores.
func TestShown(t *testing.T) {
	for _, tt := range []struct {
		code  string
		found bool
	}{
		{`fmt.Errorf("role %s may not: run ALTER ROLE %s CREATEDB", a, b)`, true},
		{`errors.New("ALTER TABLE t DROP COLUMN c first")`, true},
		{`fix.Words("delete in batches: DELETE FROM t WHERE ctid = ANY (...)")`, true},
		{`fix.Words("ALTER TABLE " + t.sql() + " ADD COLUMN c int;")`, true},
		{`fix.Words("change it by ALTER TABLE, or leave IF NOT EXISTS out")`, false},
		{`fix.Words("put VALIDATE CONSTRAINT into a migration of its own")`, false},
		{`d.refuse(t, "CREATE INDEX i ON t (a)")`, true},
		{`sql("ALTER TABLE " + t + " ADD COLUMN c int")`, false},
		{`d.Fix = fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s;", t, c)`, true},
		{`d.Fix = "ALTER TABLE " + t + ";"`, true},
		{`sql("ALTER TABLE t ADD COLUMN c int", "Before: UPDATE " + t + " SET c = 1")`, true},
		{`action(t, "ADD COLUMN c int", "SELECT * FROM t finds them.")`, true},
		{`marks = append(marks, "  SELECT * FROM " + t + " WHERE x;")`, true},
		{`Diagnostic{Text: "run VACUUM %s"}`, true},
		{`&WaitError{Text: "GRANT %s TO you"}`, true},
		{`conn.Exec(ctx, "DROP INDEX CONCURRENTLY " + name)`, false},
		{`conn.Query(ctx, "SELECT a FROM t WHERE b IN (SELECT c FROM d)")`, false},
		{`s := " WHERE b IN (SELECT c FROM d)"`, false},
		{`s := "then run " + "DROP TABLE " + name`, false}, // concatenated parts aren't sentences
		{`s := "then run DROP TABLE " + name`, true},
		{`s := "coalesce((SELECT a FROM t), 0)"`, false},
		{"s := `\nSELECT a\n  FROM t`", false},
		{`s := "the statement validates %s"`, false},
	} {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "x.go", "package x\nfunc f() { "+tt.code+" }", 0)
		if err != nil {
			file, err = parser.ParseFile(fset, "x.go", "package x\nfunc f() { _ = "+tt.code+" }", 0)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := shown(fset, file, strings.HasPrefix(tt.code, "d.Fix")); (len(got) > 0) != tt.found {
			t.Errorf("%s: found %q", tt.code, got)
		}
	}
}

// The guide shows the registry's SQL.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile("../../docs/howto/backfill.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := "```sql\n" + guide.String() + "\n```"; !strings.Contains(string(text), want) {
		t.Errorf("the guide doesn't have\n%s", want)
	}
}
