package project

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// A scope evaluates the file's expressions. Variables and locals are evaluated on first use, so that what only other
// envs need isn't required.
type scope struct {
	file   *file
	env    string
	funcs  map[string]function.Function
	vars   map[string]cty.Value
	locals map[string]cty.Value
	read   func(name string) ([]byte, error) // returns a file of the project
	// settings are those that decide what lint reports.
	settings settings
	// busy are the locals being evaluated, outermost first.
	busy []string
}

func newScope(f *file, env string, read func(name string) ([]byte, error), lookup func(string) (string, bool)) *scope {
	return &scope{
		file: f, env: env, funcs: functions(read, lookup), read: read,
		vars: map[string]cty.Value{}, locals: map[string]cty.Value{}, settings: settings{},
	}
}

// value evaluates an expression.
func (s *scope) value(expr hcl.Expression) (cty.Value, error) {
	for _, t := range expr.Variables() {
		if err := s.resolve(t); err != nil {
			return cty.NilVal, err
		}
	}
	v, diags := expr.Value(&hcl.EvalContext{
		Functions: s.funcs,
		Variables: map[string]cty.Value{
			"var":   cty.ObjectVal(s.vars),
			"local": cty.ObjectVal(s.locals),
			"atlas": cty.ObjectVal(map[string]cty.Value{"env": cty.StringVal(s.env)}),
		},
	})
	if diags.HasErrors() {
		if x, ok := expr.(hclsyntax.Expression); ok && s.readsEnv(x) {
			for _, d := range diags {
				d.Detail = "HCL's message isn't shown, because it may quote a variable of the environment"
			}
		}
		return cty.NilVal, diagnosed(diags)
	}
	return v, nil
}

// resolve evaluates what a reference refers to.
func (s *scope) resolve(t hcl.Traversal) error {
	root := t.RootName()
	if root == "data" {
		return at(t.SourceRange(), "data sources are not supported: use getenv() or a variable")
	}
	if root != "var" && root != "local" || len(t) < 2 {
		return nil // HCL reports errors in other references itself
	}
	attr, ok := t[1].(hcl.TraverseAttr)
	if !ok {
		return at(t.SourceRange(), "write %s.NAME", root)
	}
	if root == "var" {
		return s.variable(attr.Name, t.SourceRange())
	}
	return s.local(attr.Name, t.SourceRange())
}

// variable evaluates a variable's default, since no flag sets variables.
func (s *scope) variable(name string, from hcl.Range) error {
	if _, ok := s.vars[name]; ok {
		return nil
	}
	b := s.file.vars[name]
	if b == nil {
		return at(from, "unknown variable %s%s", name, instead("variables", name, keys(s.file.vars)))
	}
	def := b.Body.Attributes["default"]
	if def == nil {
		return at(from, "variable %s has no default (%s:%d), and nothing else can set it: add one, for example getenv(%q)",
			name, ConfigName, b.TypeRange.Start.Line, strings.ToUpper(name))
	}
	v, err := s.value(def.Expr)
	if err != nil {
		return err
	}
	typ := b.Body.Attributes["type"]
	if typ == nil {
		return at(b.TypeRange, "variable %s has no type: add type = string", name)
	}
	want := cty.Number
	if hcl.ExprAsKeyword(typ.Expr) != "int" { // Atlas's old name for number
		var diags hcl.Diagnostics
		if want, diags = typeexpr.TypeConstraint(typ.Expr); diags.HasErrors() {
			return diagnosed(diags)
		}
	}
	if v, err = convert.Convert(v, want); err != nil {
		return at(def.Expr.Range(), "the default of variable %s: %w", name, err)
	}
	s.vars[name] = v
	return nil
}

func (s *scope) local(name string, from hcl.Range) error {
	if _, ok := s.locals[name]; ok {
		return nil
	}
	if slices.Contains(s.busy, name) {
		return at(from, "local %s refers to itself: %s", name, strings.Join(append(s.busy, name), " -> "))
	}
	a := s.file.locals[name]
	if a == nil {
		return at(from, "unknown local %s%s", name, instead("locals", name, keys(s.file.locals)))
	}
	s.busy = append(s.busy, name)
	defer func() { s.busy = s.busy[:len(s.busy)-1] }()
	v, err := s.value(a.Expr)
	if err != nil {
		return err
	}
	s.locals[name] = v
	return nil
}

// text evaluates an attribute to a string; a missing attribute and null are "".
func (s *scope) text(a *hclsyntax.Attribute) (string, error) {
	if a == nil {
		return "", nil
	}
	var out string
	err := s.to(a, cty.String, "a string", func(v cty.Value) { out = v.AsString() })
	return out, err
}

// flag evaluates an attribute to true or false; a missing one is false.
func (s *scope) flag(a *hclsyntax.Attribute) (bool, error) {
	if a == nil {
		return false, nil
	}
	var out bool
	err := s.to(a, cty.Bool, "true or false", func(v cty.Value) { out = v.True() })
	return out, err
}

// number evaluates an attribute to a whole number; a missing one is 0.
func (s *scope) number(a *hclsyntax.Attribute) (int, error) {
	if a == nil {
		return 0, nil
	}
	var out int64
	whole := true
	err := s.to(a, cty.Number, "a number", func(v cty.Value) {
		f := v.AsBigFloat()
		whole = f.IsInt()
		out, _ = f.Int64()
	})
	if err == nil && (!whole || out < 0) {
		err = at(a.Expr.Range(), "%s must be a whole number, 0 or more", a.Name)
	}
	return int(out), err
}

// texts evaluates an attribute to a list of strings. A string is a list of one.
func (s *scope) texts(a *hclsyntax.Attribute) ([]string, error) {
	if a == nil {
		return nil, nil
	}
	v, err := s.attribute(a)
	if err != nil || v.IsNull() {
		return nil, err
	}
	if v.Type() == cty.String {
		v = cty.TupleVal([]cty.Value{v})
	}
	list, err := convert.Convert(v, cty.List(cty.String))
	if err != nil {
		return nil, at(a.Expr.Range(), "%s must be a list of strings", a.Name)
	}
	var out []string
	for _, e := range list.AsValueSlice() {
		if e.IsNull() {
			return nil, at(a.Expr.Range(), "%s must be a list of strings", a.Name)
		}
		out = append(out, e.AsString())
	}
	return out, nil
}

// to evaluates an attribute, converts it, and passes it to take unless it is null.
func (s *scope) to(a *hclsyntax.Attribute, typ cty.Type, what string, take func(cty.Value)) error {
	v, err := s.attribute(a)
	if err != nil {
		return err
	}
	if v, err = convert.Convert(v, typ); err != nil {
		return at(a.Expr.Range(), "%s must be %s", a.Name, what)
	}
	if !v.IsNull() {
		take(v)
	}
	return nil
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}
