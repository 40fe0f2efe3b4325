package hclsize

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// MaxFile is the maximum size in bytes of a file that the function file() reads.
const MaxFile = 64 << 10

// MaxExponent is the largest exponent of a number: 1e9 has ten digits.
const MaxExponent = 999

const (
	scalar = 64      // a boolean, a small number, or a reference to a block
	digits = 200     // the result of arithmetic, which HCL does with 512 bits
	env    = 4 << 10 // an environment variable
)

// Values checks how large the values of a parsed file's expressions can become. It doesn't evaluate them, but computes
// an upper bound for each from its parts. Locals and variables are those in the body's own locals and variable blocks.
// size is the size of the file. types are the functions that only hold their arguments, such as numeric(10, 2). The
// error is an *Error.
func Values(file string, body *hclsyntax.Body, size int, types ...string) error {
	v := newValues(file, body, size)
	v.types = types
	v.body(body)
	if v.err != nil {
		return v.err
	}
	return nil
}

func newValues(file string, body *hclsyntax.Body, size int) *values {
	v := &values{names: map[string]hclsyntax.Expression{}, known: map[key]float64{}, file: file, left: float64(size)*MaxPerByte + MaxBase}
	for _, b := range body.Blocks {
		switch {
		case b.Type == "locals":
			for name, a := range b.Body.Attributes {
				v.names["local."+name] = a.Expr
			}
		case b.Type == "variable" && len(b.Labels) == 1 && b.Body.Attributes["default"] != nil:
			v.names["var."+b.Labels[0]] = b.Body.Attributes["default"].Expr
		}
	}
	return v
}

// A key is an expression, or a local or a variable, whose size is asked for.
type key struct {
	name   string               // "local.x"; "" for an expression
	x      hclsyntax.Expression // nil for a name
	in     *vars
	number bool // whether the question is how many digits it has as a number
}

type values struct {
	file  string
	types []string
	names map[string]hclsyntax.Expression // expressions of locals and variables
	known map[key]float64                 // sizes that were computed, or 0 while they are being computed
	left  float64                         // what remains of the limit for all values together
	err   *Error
}

func (v *values) fail(r hcl.Range, format string, args ...any) float64 {
	if v.err == nil {
		v.err = errorAt(v.file, r.Start, format, args...)
	}
	return 0
}

func (v *values) body(b *hclsyntax.Body) {
	attrs := slices.SortedFunc(maps.Values(b.Attributes), func(a, b *hclsyntax.Attribute) int { return a.SrcRange.Start.Byte - b.SrcRange.Start.Byte })
	for _, a := range attrs {
		n := v.expr(a.Expr, nil)
		v.left -= n
		switch {
		case v.err != nil:
			return
		case n > MaxValue:
			v.fail(a.Expr.Range(), "the value of %s may have more than %d bytes", a.Name, MaxValue)
		case v.left < 0:
			v.fail(a.Expr.Range(), "all values up to %s may exceed %d bytes plus %d for each byte of the file", a.Name, MaxBase, MaxPerByte)
		}
	}
	for _, blk := range b.Blocks {
		if def := blk.Body.Attributes["default"]; blk.Type == "variable" && def != nil && mentionsNumber(blk.Body.Attributes["type"]) {
			v.number(def.Expr, nil)
		}
		if v.err == nil {
			v.body(blk.Body)
		}
	}
}

// mentionsNumber reports whether a variable's type, such as int or list(number), contains numbers.
func mentionsNumber(typ *hclsyntax.Attribute) bool {
	return typ != nil && slices.ContainsFunc(typ.Expr.Variables(), func(t hcl.Traversal) bool {
		return t.RootName() == "number" || t.RootName() == "int"
	})
}

// A vars holds the names that a for expression binds, and the size of their values.
type vars struct {
	outer *vars
	names []string
	size  float64
}

// expr returns an upper bound for the size of an expression's value.
func (v *values) expr(x hclsyntax.Expression, in *vars) float64 {
	return v.once(key{x: x, in: in}, func() float64 {
		n := v.part(x, in)
		if n > MaxValue {
			return v.fail(x.Range(), "this may give a value of more than %d bytes", MaxValue)
		}
		return n
	})
}

func (v *values) part(x hclsyntax.Expression, in *vars) float64 {
	sum := func(list ...hclsyntax.Expression) float64 {
		n := 1.0
		for _, x := range list {
			if x != nil {
				n += v.expr(x, in)
			}
		}
		return n
	}
	switch x := x.(type) {
	case *hclsyntax.LiteralValueExpr:
		switch {
		case x.Val.IsNull():
		case x.Val.Type() == cty.String:
			return float64(len(x.Val.AsString())) + 1
		case x.Val.Type() == cty.Number:
			return v.number(x, in)
		}
		return scalar
	case *hclsyntax.TemplateExpr:
		return sum(x.Parts...)
	case *hclsyntax.TemplateWrapExpr:
		return sum(x.Wrapped)
	case *hclsyntax.TemplateJoinExpr:
		return sum(x.Tuple)
	case *hclsyntax.ParenthesesExpr:
		return v.expr(x.Expression, in)
	case *hclsyntax.ObjectConsKeyExpr:
		if hcl.ExprAsKeyword(x.Wrapped) != "" && !x.ForceNonLiteral {
			return float64(x.Range().End.Byte - x.Range().Start.Byte)
		}
		return v.expr(x.Wrapped, in)
	case *hclsyntax.TupleConsExpr:
		return sum(x.Exprs...) + float64(len(x.Exprs))
	case *hclsyntax.ObjectConsExpr:
		n := 1.0
		for _, item := range x.Items {
			n += sum(item.KeyExpr, item.ValueExpr)
		}
		return n
	case *hclsyntax.BinaryOpExpr, *hclsyntax.UnaryOpExpr:
		return v.number(x, in)
	case *hclsyntax.ConditionalExpr:
		sum(x.Condition)
		return max(v.expr(x.TrueResult, in), v.expr(x.FalseResult, in))
	case *hclsyntax.IndexExpr:
		sum(x.Key)
		return v.expr(x.Collection, in)
	case *hclsyntax.RelativeTraversalExpr:
		return v.expr(x.Source, in)
	case *hclsyntax.ScopeTraversalExpr:
		return v.reference(x.Traversal, in)
	case *hclsyntax.ForExpr:
		n := v.expr(x.CollExpr, in)
		of := &vars{outer: in, names: []string{x.KeyVar, x.ValVar}, size: n}
		each := 1.0
		for _, part := range []hclsyntax.Expression{x.KeyExpr, x.ValExpr, x.CondExpr} {
			if part != nil {
				each += v.expr(part, of)
			}
		}
		return v.elements(x.CollExpr, n) * each
	case *hclsyntax.SplatExpr:
		n := v.expr(x.Source, in)
		if each, ok := x.Each.(*hclsyntax.RelativeTraversalExpr); ok && isSymbol(each.Source) || isSymbol(x.Each) {
			return 2 * n // parts of the elements, which are parts of the list
		}
		return n * v.expr(x.Each, &vars{outer: in, names: []string{splat}, size: n})
	case *hclsyntax.AnonSymbolExpr:
		return in.find(splat)
	case *hclsyntax.FunctionCallExpr:
		return v.call(x, in)
	case *hclsyntax.ExprSyntaxError:
		return 0
	}
	return v.fail(x.Range(), "an expression of an unknown kind")
}

// elements returns an upper bound for the number of elements in a collection of a size.
func (v *values) elements(x hclsyntax.Expression, size float64) float64 {
	switch x := x.(type) {
	case *hclsyntax.TupleConsExpr:
		return float64(len(x.Exprs)) + 1
	case *hclsyntax.ObjectConsExpr:
		return float64(len(x.Items)) + 1
	case *hclsyntax.ScopeTraversalExpr:
		if to := v.names[global(x.Traversal)]; to != nil && len(x.Traversal) == 2 {
			if _, refers := to.(*hclsyntax.ScopeTraversalExpr); !refers { // references may form a cycle
				return v.elements(to, size)
			}
		}
	}
	return size
}

// isSymbol reports whether an expression is the element of a splat expression.
func isSymbol(x hclsyntax.Expression) bool {
	_, ok := x.(*hclsyntax.AnonSymbolExpr)
	return ok
}

// splat is the name to which a splat expression binds its element.
const splat = "*"

func (in *vars) find(name string) float64 {
	for ; in != nil; in = in.outer {
		if slices.Contains(in.names, name) {
			return in.size
		}
	}
	return scalar
}

func (v *values) reference(t hcl.Traversal, in *vars) float64 {
	root := t.RootName()
	if (root != "local" && root != "var") || len(t) < 2 {
		return in.find(root)
	}
	name := global(t)
	if name == "" {
		return v.fail(t.SourceRange(), "write %s.NAME", root)
	}
	if v.names[name] == nil {
		return scalar // which the evaluator refuses
	}
	return v.once(key{name: name}, func() float64 { return v.expr(v.names[name], nil) }) + 1
}

// once computes a size when it is first needed, so that an expression is looked at once for each question. In a cycle,
// which the evaluator refuses, the size is 0. After an error there is nothing to compute.
func (v *values) once(k key, size func() float64) float64 {
	if v.err != nil {
		return 0
	}
	n, ok := v.known[k]
	if !ok {
		v.known[k] = 0
		n = size()
		v.known[k] = n
	}
	return n
}

// global returns the local or variable that a reference names, such as "local.x", or "" if it names none.
func global(t hcl.Traversal) string {
	if root := t.RootName(); (root == "local" || root == "var") && len(t) > 1 {
		if attr, ok := t[1].(hcl.TraverseAttr); ok {
			return root + "." + attr.Name
		}
	}
	return ""
}

// sums are functions whose value is at most as large as all arguments together. Each byte of an argument counts twice
// for split, which may return an element for each.
var sums = []string{
	"alltrue", "can", "chomp", "chunklist", "coalesce", "coalescelist", "compact", "concat", "contains",
	"distinct", "element", "empty", "endswith", "flatten", "keys", "merge",
	"reverse", "setintersection", "setsubtract", "setunion", "slice", "sort", "split", "sql",
	"startswith", "strrev", "substr", "tobool", "tolist", "toset", "tostring", "trim", "trimprefix", "trimspace",
	"trimsuffix", "try", "values", "zipmap",
}

// stretch is the maximum number of bytes that an encoding function writes for one byte: 日 becomes %E6%97%A5, and <
// becomes \u003c.
const stretch = 8

// call returns an upper bound for a function's value. By default that is the product of its arguments.
func (v *values) call(x *hclsyntax.FunctionCallExpr, in *vars) float64 {
	sum, product := 1.0, 1.0
	for _, a := range x.Args {
		n := v.expr(a, in)
		sum += n + 1
		product *= n + 1
	}
	switch {
	case v.err != nil:
		return 0
	case slices.Contains(v.types, x.Name):
		return sum
	case slices.Contains(numbers, x.Name):
		n := 0.0
		for _, a := range x.Args {
			n = max(n, v.number(a, in))
		}
		return n
	case slices.Contains(counts, x.Name):
		return 2*sum + 2*digits
	case x.Name == "getenv":
		return env
	case x.Name == "file":
		return MaxFile
	case x.Name == "range":
		n := 1.0
		for _, a := range x.Args {
			n += v.number(a, in)
		}
		return 1024 * n // the function returns at most 1,024 numbers
	case x.Name == "indent":
		n, ok := written(x.Args)
		if !ok || n > 100 {
			return v.fail(x.Range(), "indent needs a number up to 100, written out")
		}
		return sum * (n + 1)
	case x.Name == "format", x.Name == "formatlist":
		width, ok := widths(x.Args)
		if !ok {
			return v.fail(x.Range(), "%s needs its format written out, with widths up to 100", x.Name)
		}
		for _, a := range x.Args[1:] {
			v.number(a, in)
		}
		product += width * product
	case x.Name == "jsondecode":
		if !decodable(x.Args) {
			return v.fail(x.Range(), "jsondecode needs its text written out, or read by file(), with exponents up to %d", MaxExponent)
		}
	case slices.Contains([]string{"yamldecode", "yamlencode", "yamlmerge", "print"}, x.Name):
		return v.fail(x.Range(), "the function %s is not supported", x.Name)
	case slices.Contains(sums, x.Name):
		return 2 * sum
	}
	return product * stretch
}

// written returns the first argument if it is a literal number.
func written(args []hclsyntax.Expression) (float64, bool) {
	if len(args) == 0 {
		return 0, true // which the function refuses
	}
	l, ok := args[0].(*hclsyntax.LiteralValueExpr)
	if !ok || l.Val.IsNull() || l.Val.Type() != cty.Number {
		return 0, false
	}
	n, _ := l.Val.AsBigFloat().Float64()
	return math.Abs(n), true
}

// number returns an upper bound for the number of a number's digits, written without an exponent. It refuses an
// expression that may be a text, because arithmetic converts texts, and "1e999999999" is a short text with a huge
// value.
func (v *values) number(x hclsyntax.Expression, in *vars) float64 {
	return v.once(key{x: x, in: in, number: true}, func() float64 { return v.digits(x, in) })
}

func (v *values) digits(x hclsyntax.Expression, in *vars) float64 {
	switch x := x.(type) {
	case *hclsyntax.LiteralValueExpr:
		if x.Val.IsNull() || x.Val.Type() != cty.Number {
			return scalar
		}
		f := x.Val.AsBigFloat()
		if e := math.Abs(float64(f.MantExp(nil))) * math.Log10(2); e <= MaxExponent && !f.IsInf() {
			return scalar + e
		}
		return v.fail(x.Range(), "the exponent of a number must not exceed %d", MaxExponent)
	case *hclsyntax.TemplateExpr:
		size := v.expr(x, in)
		if x.IsStringLiteral() {
			if literal, _ := x.Value(nil); !Exponents(literal.AsString()) {
				return size + digits
			}
		} else if first, ok := x.Parts[0].(*hclsyntax.LiteralValueExpr); ok && first.Val.Type() == cty.String {
			if text := first.Val.AsString(); text != "" && !strings.Contains("0123456789+-.", text[:1]) {
				return size // never a number
			}
		}
	case *hclsyntax.TupleConsExpr:
		n := 0.0
		for _, x := range x.Exprs {
			n += v.number(x, in) + 1
		}
		return n
	case *hclsyntax.ParenthesesExpr:
		return v.number(x.Expression, in)
	case *hclsyntax.UnaryOpExpr:
		if x.Op != hclsyntax.OpNegate {
			v.expr(x.Val, in)
			return scalar
		}
		return v.number(x.Val, in)
	case *hclsyntax.BinaryOpExpr:
		if x.Op.Type == cty.Number {
			return v.number(x.LHS, in) + v.number(x.RHS, in) + digits
		}
		v.expr(x.LHS, in)
		v.expr(x.RHS, in)
		return scalar
	case *hclsyntax.ConditionalExpr:
		v.expr(x.Condition, in)
		return max(v.number(x.TrueResult, in), v.number(x.FalseResult, in))
	case *hclsyntax.ScopeTraversalExpr:
		if name := global(x.Traversal); v.names[name] != nil {
			return v.once(key{name: name, number: true}, func() float64 { return v.number(v.names[name], nil) })
		}
	case *hclsyntax.FunctionCallExpr:
		if slices.Contains(counts, x.Name) || slices.Contains(numbers, x.Name) || x.Name == "getenv" {
			return v.expr(x, in)
		}
	}
	return v.fail(x.Range(), "this may be text that is converted to a number: write a number")
}

// counts are functions that return a number with at most as many digits as their arguments, or a 64-bit number.
var counts = []string{"index", "length", "log", "parseint", "pow", "signum"}

// numbers are functions that return one of their arguments, possibly rounded or without its sign.
var numbers = []string{"abs", "ceil", "floor", "max", "min", "tonumber"}

// Exponents reports whether a text contains a number with an exponent greater than [MaxExponent].
func Exponents(text string) bool {
	for _, m := range exponent.FindAllStringSubmatch(text, -1) {
		if n, err := strconv.Atoi(m[1]); err != nil || n > MaxExponent {
			return true
		}
	}
	return false
}

// ExponentsJSON is like Exponents for the numbers in a JSON text. It ignores what is after a syntax error.
func ExponentsJSON(text string) bool {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	for {
		t, err := d.Token()
		if err != nil {
			return false
		}
		if n, ok := t.(json.Number); ok && Exponents(n.String()) {
			return true
		}
	}
}

// decodable reports whether jsondecode's argument is a literal without huge exponents, or comes from file().
func decodable(args []hclsyntax.Expression) bool {
	if len(args) == 0 {
		return true
	}
	switch x := args[0].(type) {
	case *hclsyntax.FunctionCallExpr:
		return x.Name == "file"
	case *hclsyntax.TemplateExpr:
		literal, _ := x.Value(nil)
		return x.IsStringLiteral() && !ExponentsJSON(literal.AsString())
	}
	return false
}

var exponent = regexp.MustCompile(`[0-9.][eEpP][-+]?([0-9]+)`)

var verb = regexp.MustCompile(`%[-+ #0]*(?:\[[0-9]+\])?([0-9]*)(?:\.([0-9]*))?`)

// widths returns the sum of the widths and precisions in a literal format, the first argument.
func widths(args []hclsyntax.Expression) (float64, bool) {
	if len(args) == 0 {
		return 0, true
	}
	t, ok := args[0].(*hclsyntax.TemplateExpr)
	if !ok || !t.IsStringLiteral() {
		return 0, false
	}
	literal, _ := t.Value(nil)
	sum := 0.0
	for _, m := range verb.FindAllStringSubmatch(literal.AsString(), -1) {
		for _, d := range m[1:] {
			n, err := strconv.Atoi(cmp.Or(d, "0"))
			if err != nil || n > 100 {
				return 0, false
			}
			sum += float64(n)
		}
	}
	return sum, true
}
