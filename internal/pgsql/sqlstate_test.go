package pgsql_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// TestSQLStates raises each condition by its name, as PostgreSQL knows it.
func TestSQLStates(t *testing.T) {
	conn := pgtest.New(t).Conn()
	words := regexp.MustCompile(`SQL|[A-Z][a-z]+`)
	conditions := 0
	for name, code := range constants(t, "sqlstate.go") {
		if len(code) != 5 {
			continue // a class
		}
		conditions++
		condition := strings.ToLower(strings.Join(words.FindAllString(name, -1), "_"))
		_, err := conn.Exec(t.Context(), "DO $$ BEGIN RAISE "+condition+"; END $$")
		if got := pgsql.SQLState(fmt.Errorf("wrapped: %w", err)); got != code {
			t.Errorf("%s is %q, but PostgreSQL's %s is %q (%v)", name, code, condition, got, err)
		}
	}
	if conditions == 0 {
		t.Error("no conditions")
	}
	for _, err := range []error{nil, errors.New("42P01")} {
		if got := pgsql.SQLState(err); got != "" {
			t.Errorf("SQLState(%v) = %q", err, got)
		}
	}
}

// constants returns the string constants that a file declares.
func constants(t *testing.T, file string) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if found[spec.Names[0].Name], err = strconv.Unquote(lit.Value); err != nil {
					t.Fatal(err)
				}
			}
		}
		return true
	})
	return found
}
