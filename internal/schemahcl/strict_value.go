package schemahcl

import (
	"math/big"
	"slices"
	"strings"

	"ariga.io/atlas/schemahcl"
	"ariga.io/atlas/sql/postgres"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// A rule checks the value of an attribute that isn't null. Values that are computed from variables, locals or functions
// are left to the engine, which refuses values of the wrong type, unless it would misread some of the right type.
type rule func(*strictness, scope, *hclsyntax.Attribute)

// literal returns the value of a constant expression.
func literal(x hclsyntax.Expression) (cty.Value, bool) {
	v, diags := x.Value(nil)
	return v, !diags.HasErrors() && v.IsWhollyKnown()
}

// literalText returns the value of a constant string.
func literalText(x hclsyntax.Expression) (string, bool) {
	v, ok := literal(x)
	if !ok || v.IsNull() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}

// computed reports whether an expression depends on variables, locals or functions.
func computed(x hclsyntax.Expression) bool {
	found := false
	hclsyntax.VisitAll(x, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			found = found || n.Name != "sql"
		case *hclsyntax.ScopeTraversalExpr:
			root := n.Traversal.RootName()
			found = found || root == schemahcl.RefVar || root == schemahcl.RefLocal
		case *hclsyntax.ForExpr, *hclsyntax.ConditionalExpr, *hclsyntax.SplatExpr:
			found = true
		}
		return nil
	})
	return found
}

// sqlCall reports whether an expression is a call sql(...).
func sqlCall(x hclsyntax.Expression) bool {
	f, ok := x.(*hclsyntax.FunctionCallExpr)
	return ok && f.Name == "sql"
}

// bare returns an expression that is a single name, such as GIN.
func bare(x hclsyntax.Expression) (string, bool) {
	t, ok := x.(*hclsyntax.ScopeTraversalExpr)
	if !ok || len(t.Traversal) != 1 {
		return "", false
	}
	return t.Traversal.RootName(), true
}

func anything(*strictness, scope, *hclsyntax.Attribute) {}

func boolean(c *strictness, in scope, a *hclsyntax.Attribute) {
	if v, ok := literal(a.Expr); ok && v.Type() == cty.Bool || computed(a.Expr) {
		return
	}
	c.refuse(a.Expr.Range().Start, "%q in %s must be true or false", a.Name, in)
}

func text(c *strictness, in scope, a *hclsyntax.Attribute) {
	if _, ok := literalText(a.Expr); ok || computed(a.Expr) {
		return
	}
	c.refuse(a.Expr.Range().Start, "%q in %s must be a string", a.Name, in)
}

func expression(c *strictness, in scope, a *hclsyntax.Attribute) {
	if s, ok := literalText(a.Expr); ok && strings.TrimSpace(s) != "" || computed(a.Expr) {
		return
	}
	c.refuse(a.Expr.Range().Start, "%q in %s must be a string with an SQL expression", a.Name, in)
}

func notZero(c *strictness, in scope, a *hclsyntax.Attribute) {
	if n, ok := integer(a.Expr); ok && n.Sign() != 0 || c.literalOnly(in, a) {
		return
	}
	c.refuse(a.Expr.Range().Start, "%q in %s must be an integer other than 0, which the engine takes for the default", a.Name, in)
}

func whole(c *strictness, in scope, a *hclsyntax.Attribute) {
	if _, ok := integer(a.Expr); ok || c.literalOnly(in, a) {
		return
	}
	c.refuse(a.Expr.Range().Start, "%q in %s must be an integer", a.Name, in)
}

// literalOnly refuses a computed number, and reports whether it did: the engine takes 0 for the default.
func (c *strictness) literalOnly(in scope, a *hclsyntax.Attribute) bool {
	if !computed(a.Expr) {
		return false
	}
	c.refuse(a.Expr.Range().Start, "%q in %s must be written as a literal integer: the engine takes a computed 0 for the default", a.Name, in)
	return true
}

// notNegative allows 0, which the engine's inspection prints for the default.
func notNegative(c *strictness, in scope, a *hclsyntax.Attribute) {
	if n, ok := integer(a.Expr); ok && n.Sign() >= 0 || computed(a.Expr) {
		return
	}
	c.refuse(a.Expr.Range().Start, "%q in %s must be an integer of 0 or more", a.Name, in)
}

func integer(x hclsyntax.Expression) (*big.Float, bool) {
	v, ok := literal(x)
	if !ok || v.IsNull() || v.Type() != cty.Number || !v.AsBigFloat().IsInt() {
		return nil, false
	}
	return v.AsBigFloat(), true
}

// word returns the rule for one of the valid names, bare or as a string in SQL's spelling.
func word(valid ...string) rule {
	return func(c *strictness, in scope, a *hclsyntax.Attribute) {
		got, ok := bare(a.Expr)
		if ok && slices.Contains(valid, got) {
			return
		}
		if s, isText := literalText(a.Expr); isText {
			got, ok = s, true
			if slices.Contains(valid, strings.ToUpper(strings.ReplaceAll(s, " ", "_"))) {
				return
			}
		}
		if !ok {
			c.refuse(a.Expr.Range().Start, "%q in %s must be %s", a.Name, in, alternatives(valid))
			return
		}
		c.refuse(a.Expr.Range().Start, "%q in %s must be %s, not %s", a.Name, in, alternatives(valid), got)
	}
}

func alternatives(words []string) string {
	n := len(words) - 1
	if n == 0 {
		return words[0]
	}
	return strings.Join(words[:n], ", ") + " or " + words[n]
}

// accessMethod is the rule for the type of an index. Those of extensions are written as strings.
func accessMethod(c *strictness, in scope, a *hclsyntax.Attribute) {
	valid := []string{"BTREE", "BRIN", "HASH", "GIN", "GIST", "GiST", "SPGIST", "SPGiST"}
	if _, ok := literalText(a.Expr); ok || computed(a.Expr) {
		return
	}
	got, ok := bare(a.Expr)
	switch {
	case !ok:
		c.refuse(a.Expr.Range().Start, "%q in %s must be the name of an access method, such as GIN", a.Name, in)
	case !slices.Contains(valid, got):
		c.refuse(a.Expr.Range().Start, "unknown index type %q in %s%s", got, in, instead(got, valid))
	}
}

// operatorClass doesn't check names, which the engine does.
func operatorClass(c *strictness, in scope, a *hclsyntax.Attribute) {
	_, isText := literalText(a.Expr)
	_, isBare := bare(a.Expr)
	if isText || isBare || sqlCall(a.Expr) || computed(a.Expr) {
		return
	}
	c.refuse(a.Expr.Range().Start, `%q in %s must be an operator class, such as jsonb_path_ops, or sql("gist_trgm_ops(siglen=32)")`, a.Name, in)
}

func distinctTexts(c *strictness, in scope, a *hclsyntax.Attribute) {
	list, ok := a.Expr.(*hclsyntax.TupleConsExpr)
	if !ok {
		if !computed(a.Expr) {
			c.refuse(a.Expr.Range().Start, `%q in %s must be a list of strings, such as ["new", "done"]`, a.Name, in)
		}
		return
	}
	seen := map[string]bool{}
	for _, x := range list.Exprs {
		s, ok := literalText(x)
		switch {
		case !ok && !computed(x):
			c.refuse(x.Range().Start, "%q in %s must be a list of strings", a.Name, in)
		case ok && seen[s]:
			c.refuse(x.Range().Start, "duplicate value %q in %s", s, in)
		case ok:
			seen[s] = true
		}
	}
}

func defaultValue(c *strictness, in scope, a *hclsyntax.Attribute) {
	v, ok := literal(a.Expr)
	switch {
	case ok && v.Type().IsPrimitiveType(), sqlCall(a.Expr), computed(a.Expr):
	default:
		c.refuse(a.Expr.Range().Start, `%q in %s must be a string, a number, true, false, or an SQL expression such as sql("now()")`, a.Name, in)
	}
}

// columnDefaults checks the default together with the type.
func columnDefaults(c *strictness, in scope, b *hclsyntax.Block) {
	typ, def := b.Body.Attributes["type"], b.Body.Attributes["default"]
	if typ == nil || def == nil {
		return
	}
	if v, ok := literal(def.Expr); ok && v.IsNull() {
		return
	}
	name, _ := bare(typ.Expr)
	if f, ok := typ.Expr.(*hclsyntax.FunctionCallExpr); ok {
		name = f.Name
	}
	switch name {
	case "serial", "smallserial", "bigserial", "serial2", "serial4", "serial8":
		c.refuse(def.NameRange.Start, "attribute \"default\" in %s: %s already implies a default; remove it, or use an integer type", in, name)
	case "timestamp", "timestamptz", "date", "time", "timetz":
		s, _ := literalText(def.Expr)
		switch moment := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), "()"); moment {
		case "now", "today", "tomorrow", "yesterday":
			c.refuse(def.Expr.Range().Start, "default %q in %s is evaluated only once, when the migration runs; write an SQL expression, such as sql(\"now()\")", s, in)
		}
	}
}

// columnType checks a type: the engine's types, their arguments, the file's enums and SQL.
func columnType(c *strictness, in scope, a *hclsyntax.Attribute) { c.typed(in, a.Expr) }

func (c *strictness) typed(in scope, expr hclsyntax.Expression) {
	at := expr.Range().Start
	switch x := expr.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		name, alone := bare(x)
		switch root := x.Traversal.RootName(); {
		case root == schemahcl.RefVar || root == schemahcl.RefLocal:
			c.refuse(at, typeWrittenOut, in)
		case root == "enum" && !alone:
			c.enum(in, x)
		case !alone:
			c.refuse(at, notAType, in)
		case typeSpec(name) == nil:
			c.refuse(at, "unknown type %q in %s%s", name, in, instead(name, typeNames()))
		}
	case *hclsyntax.FunctionCallExpr:
		spec := typeSpec(x.Name)
		switch {
		case x.Name == "sql":
			c.sqlType(in, x)
		case spec == nil:
			c.refuse(at, "unknown type %q in %s%s", x.Name, in, instead(x.Name, typeNames()))
		case len(spec.Attributes) == 0:
			c.refuse(at, "type %q in %s takes no arguments", x.Name, in)
		case len(x.Args) > len(spec.Attributes):
			c.refuse(x.Args[len(spec.Attributes)].Range().Start, "type %q in %s takes at most %d arguments", x.Name, in, len(spec.Attributes))
		default:
			for i, arg := range x.Args {
				c.typeArgument(in, x.Name, spec.Attributes[i].Name, arg)
			}
		}
	case *hclsyntax.ConditionalExpr:
		c.typed(in, x.TrueResult)
		c.typed(in, x.FalseResult)
	default:
		if computed(expr) {
			c.refuse(at, typeWrittenOut, in)
			return
		}
		c.refuse(at, notAType, in)
	}
}

const (
	notAType       = `"type" in %s must be a type, such as text, enum.NAME or sql("text[]")`
	typeWrittenOut = `the type in %s must be written out, such as text, enum.NAME or sql("text[]"): the engine loses parts of a computed type`
)

// sqlType checks a type that is written as SQL and used unchanged.
func (c *strictness) sqlType(in scope, call *hclsyntax.FunctionCallExpr) {
	if len(call.Args) != 1 {
		return // the engine refuses it
	}
	at := call.Args[0].Range().Start
	text, ok := literalText(call.Args[0])
	switch {
	case !ok:
		c.refuse(at, typeWrittenOut, in)
	case text != "":
		if _, err := sqlType(text); err != nil {
			c.refuse(at, "sql(%q) in %s must be one type, optionally with COLLATE: %v; write other properties of the column as attributes and blocks, such as null and default", text, in, err)
		}
	}
}

// typeArgument refuses 0 where it isn't valid, because the engine would omit it.
func (c *strictness) typeArgument(in scope, typ, arg string, x hclsyntax.Expression) {
	n, ok := integer(x)
	least := 0
	if arg == "size" || arg == "len" || typ == "numeric" && arg == "precision" || typ == "decimal" && arg == "precision" || typ == "float" {
		least = 1
	}
	if computed(x) || ok && n.Cmp(big.NewFloat(float64(least))) >= 0 || ok && arg == "scale" {
		return
	}
	c.refuse(x.Range().Start, "the %s of type %q in %s must be an integer of %d or more", arg, typ, in, least)
}

func typeSpec(name string) *schemahcl.TypeSpec {
	specs := postgres.TypeRegistry.Specs()
	if i := slices.IndexFunc(specs, func(s *schemahcl.TypeSpec) bool { return s.Name == name }); i >= 0 {
		return specs[i]
	}
	return nil
}

func typeNames() []string {
	var names []string
	for _, s := range postgres.TypeRegistry.Specs() {
		names = append(names, s.Name)
	}
	return names
}
