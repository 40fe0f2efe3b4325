package project

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// withEnv are the attributes that may depend on the environment, which contains secrets. The values of other attributes
// appear in messages, and a pull request can change atlas.hcl: src = strrev(getenv("TOKEN")) would print a secret.
var withEnv = []string{
	"url", "dev", "role", "alembic_version_schema", "lock_timeout", "lock_retry",
	"replay_statement_timeout", "replay_timeout", "replay_disk",
}

// attribute evaluates an attribute, which may depend on the environment only if it is one of withEnv.
func (s *scope) attribute(a *hclsyntax.Attribute) (cty.Value, error) {
	if !slices.Contains(withEnv, a.Name) && s.readsEnv(a.Expr) {
		return cty.NilVal, at(a.Expr.Range(), "%s can't depend on getenv(), because its value appears in messages: only %s can", a.Name, strings.Join(withEnv, ", "))
	}
	if a.Name == "dev" && s.readsEnv(a.Expr) && !s.isGetenv(a.Expr) {
		return cty.NilVal, at(a.Expr.Range(), "dev must be a whole variable of the environment, such as getenv(\"DEV_URL\"), or not depend on getenv()")
	}
	return s.value(a.Expr)
}

// readsEnv reports whether an expression, or what it refers to, calls getenv.
func (s *scope) readsEnv(x hclsyntax.Expression) bool {
	return s.walk(x, map[string]bool{}, func(n hclsyntax.Node) bool {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		return ok && call.Name == "getenv"
	})
}

// walk reports whether match is true for a node of an expression, or of a local or variable that it refers to.
func (s *scope) walk(x hclsyntax.Expression, seen map[string]bool, match func(hclsyntax.Node) bool) bool {
	found := false
	_ = hclsyntax.VisitAll(x, func(n hclsyntax.Node) hcl.Diagnostics {
		if found = found || match(n); found {
			return nil
		}
		if ref, ok := n.(*hclsyntax.ScopeTraversalExpr); ok {
			if name, to := s.target(ref); to != nil && !seen[name] {
				seen[name] = true
				found = s.walk(to, seen, match)
			}
		}
		return nil
	})
	return found
}

// target returns the expression of the local or variable that a reference names, with its name; nil if there is none.
func (s *scope) target(ref *hclsyntax.ScopeTraversalExpr) (name string, to hclsyntax.Expression) {
	if len(ref.Traversal) < 2 {
		return "", nil
	}
	attr, _ := ref.Traversal[1].(hcl.TraverseAttr)
	switch root := ref.Traversal.RootName(); {
	case root == "local" && s.file.locals[attr.Name] != nil:
		return "local." + attr.Name, s.file.locals[attr.Name].Expr
	case root == "var" && s.file.vars[attr.Name] != nil && s.file.vars[attr.Name].Body.Attributes["default"] != nil:
		return "var." + attr.Name, s.file.vars[attr.Name].Body.Attributes["default"].Expr
	}
	return "", nil
}

// isGetenv reports whether an expression is nothing but a call of getenv.
func (s *scope) isGetenv(x hclsyntax.Expression) bool {
	for range 100 { // references may form a cycle
		switch e := x.(type) {
		case *hclsyntax.ScopeTraversalExpr:
			if _, x = s.target(e); x == nil || len(e.Traversal) > 2 {
				return false
			}
		case *hclsyntax.FunctionCallExpr:
			return e.Name == "getenv" && len(e.Args) == 1 && len(e.Args[0].Variables()) == 0
		default:
			return false
		}
	}
	return false
}
