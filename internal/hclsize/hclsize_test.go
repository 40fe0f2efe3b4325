package hclsize

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// check does what a reader of HCL does before it evaluates a file.
func check(src string) error {
	if err := Source("x.hcl", []byte(src)); err != nil {
		return err
	}
	f, diags := hclsyntax.ParseConfig([]byte(src), "x.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		return diags
	}
	return Values("x.hcl", f.Body.(*hclsyntax.Body), len(src))
}

func TestHostile(t *testing.T) {
	repeat := strings.Repeat
	var locals strings.Builder
	for i := range 30 {
		fmt.Fprintf(&locals, "  l%d = \"%s\"\n", i+1, repeat(fmt.Sprintf("${local.l%d}", i), 10))
	}
	many := "locals {\n  a = \"" + repeat("x", 1<<19) + "\"\n"
	for i := range 200 {
		many += fmt.Sprintf("  b%d = \"${local.a}\"\n", i)
	}
	const depth, operators = "brackets, blocks and templates are nested more than 100 deep", "an expression has more than 1000 operators"
	const large, text = "this may give a value of more than 1048576 bytes", "this may be text that is converted to a number: write a number"
	for _, tt := range []struct{ name, src, want string }{
		{"brackets", "a = " + repeat("[", 100_000), "1:105: " + depth},
		{"parentheses", "a = " + repeat("(", 100_000) + "1" + repeat(")", 200_000), "1:105: " + depth},
		{"braces", "a = " + repeat("{a=", 100_000), "1:305: " + depth},
		{"blocks", repeat("a {\n", 100_000), "101:3: " + depth},
		{"templates", "a = " + repeat(`"${`, 50_000), "1:155: " + depth},
		{"directives", "a = " + repeat(`"%{ if `, 50_000), "1:355: " + depth},
		{"heredocs", "a = " + repeat("<<A\n${", 50_000), "51:3: " + depth},
		{"not", "a = " + repeat("!", 100_000) + "true", "1:1005: " + operators},
		{"minus", "a = " + repeat("-", 100_000) + "1", "1:1005: " + operators},
		{"sum", "a = 1" + repeat("+1", 100_000), "1:2006: " + operators},
		{"conditions", "a = " + repeat("true ? 1 : ", 100_000) + "1", "1:5510: " + operators},
		{"indexes", "a = b" + repeat("[0]", 100_000), "1:3008: " + operators},
		{"splats", "a = b" + repeat("[*]", 100_000), "1:3008: " + operators},
		{"attributes", "a = b" + repeat(".c", 100_000), "1:2006: " + operators},
		{"lines of operators", "a = (1" + repeat("\n+1", 100_000) + ")", "1002:1: " + operators},
		{"lines in a for expression", "a = {for x in [1] : x => " + repeat("-\n", 100_000) + "1}", "998:1: " + operators},
		{"comments in a for expression", "a = {\n# c\nfor x in [1] : x => " + repeat("- # c\n", 100_000) + "1}", "1000:1: " + operators},
		{"locals that repeat", "locals {\n  l0 = \"x\"\n" + locals.String() + "}\n", ": " + large},
		{"one that repeats", "locals {\n  a = \"" + repeat("x", 1000) + "\"\n  b = \"" + repeat("${local.a}", 2000) + "\"\n}", "3:7: " + large},
		{"many large ones", many + "}\n", "all values up to b"},
		{"for in for", "locals {\n  l = [" + repeat("1,", 1000) + "]\n  m = [for a in local.l : [for b in local.l : b]]\n}", "3:27: " + large},
		{"for in a template", "locals {\n  l = [" + repeat("1,", 1000) + "]\n}\na = \"%{ for a in local.l }${jsonencode(local.l)}%{ endfor }\"", ": " + large},
		{"for with a key", "locals {\n  l = [" + repeat("1,", 1000) + "]\n}\na = { for k, v in local.l : k => local.l }", ": " + large},
		{"splat", "locals {\n  l = [" + repeat("1,", 2000) + "]\n}\na = [for x in local.l : local.l[*].a]", ": " + large},
		{"join", "a = join(\"" + repeat("x", 2000) + "\", [" + repeat("1,", 2000) + "])", "1:5: " + large},
		{"replace", "a = replace(\"" + repeat("x", 2000) + "\", \"\", \"" + repeat("y", 2000) + "\")", "1:5: " + large},
		{"setproduct", "a = setproduct(range(1000), range(1000))", "1:5: " + large},
		{"indent", `a = indent(1000000000, "a\nb")`, "1:5: indent needs a number up to 100, written out"},
		{"indent by a text", `a = indent("1000000000", "a\nb")`, "1:5: indent needs a number up to 100, written out"},
		{"format", `a = format("%1000000000d", 1)`, "1:5: format needs its format written out, with widths up to 100"},
		{"precision", `a = format("%.1000000000f", 1)`, "1:5: format needs its format written out, with widths up to 100"},
		{"format of an argument", `a = format("%[1]1000000000d", 1)`, "1:5: format needs its format written out, with widths up to 100"},
		{"format that is made", `a = formatlist("%${"9"}99999999d", [1])`, "1:5: formatlist needs its format written out, with widths up to 100"},
		{"exponent", `a = "${1e999999999}"`, "1:8: the exponent of a number must not exceed 999"},
		{"small exponent", `a = "${1e-99999}"`, "1:8: the exponent of a number must not exceed 999"},
		{"exponent in a text", `a = "${tonumber("1e999999999")}"`, "1:17: " + text},
		{"exponent made", "locals {\n  e = 9\n}\na = \"${max(\"1e${local.e}99999999\", 1)}\"", "4:12: " + text},
		{"exponent in the smaller one", `a = "${min("1e999999999", 1)}"`, "1:12: " + text},
		{"exponent in a range", `a = join("", range("1e99999998", "1e99999999", "9e99999998"))`, "1:20: " + text},
		{"exponent after a point", `a = -"1.e999999999"`, "1:6: " + text},
		{"binary exponent", `a = tonumber("1p999999999")`, "1:14: " + text},
		{"many digits", "locals {\n  a = tonumber(\"" + repeat("9", 100_000) + "\")\n}\na = \"" + repeat("${local.a}", 20) + "\"\n", "4:5: " + large},
		{"large condition", "a = (join(\"" + repeat("x", 2000) + "\", [" + repeat("1,", 2000) + "]) == \"\" ? 1 : 2) + 1", "1:6: " + large},
		{"large element", "locals {\n  x = \"" + repeat("x", 100_000) + "\"\n}\na = [for s in [local.x] : length(\"" + repeat("${s}", 50) + "\") + 1]", "4:34: " + large},
		{"nested calls", "a = " + repeat("max(", 90) + "1" + repeat(")", 90), ""},
		{"nested formats", "a = " + repeat(`format("%d", length(`, 45) + `"x"` + repeat("))", 45), ": " + large},
		{"exponent in arithmetic", `a = "${"1e999999999" + 1}"`, "1:8: " + text},
		{"exponent in a local", "locals {\n  e = \"1e999999999\"\n}\na = -local.e", "2:7: " + text},
		{"exponent in a condition", `a = (true ? "1e999999999" : "1") * 1`, "1:13: " + text},
		{"exponent in a variable", "variable \"v\" {\n  type = number\n  default = \"1e999999999\"\n}\n", "3:13: " + text},
		{"exponent in a variable's list", "variable \"v\" {\n  type = list(number)\n  default = [\"1e999999999\"]\n}\n", "3:14: " + text},
		{"exponent in a format", `a = format("%d", "1e999999999")`, "1:18: " + text},
		{"exponent in JSON", `a = jsondecode("1e999999999")`, "1:5: jsondecode needs its text written out, or read by file(), with exponents up to 999"},
		{"JSON that is made", `a = jsondecode("1e${9}99999999")`, "1:5: jsondecode needs its text written out, or read by file(), with exponents up to 999"},
		{"multiplied", "locals {\n  n = 1e900\n}\na = " + repeat("local.n*", 400) + "1\n", ""},
		{"YAML", `a = yamldecode("a: 1")`, "1:5: the function yamldecode is not supported"},
		{"print", `a = print("x")`, "1:5: the function print is not supported"},
		{"circle", "locals {\n  a = \"${local.b}${local.b}\"\n  b = \"${local.a}${local.a}\"\n}\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := check(tt.src)
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %.300v, want %s", err, tt.want)
			}
		})
	}
}

// Files as people write them are far from the limits.
func TestUsual(t *testing.T) {
	list := strings.Repeat("  -1,\n", 5000)
	for _, src := range []string{
		"a = [\n" + list + "]\n",
		"a = {\n" + strings.Repeat("  x = -1 + 2\n", 500) + "}\n",
		strings.Repeat("index \"x\" {\n  columns = [column.x] # a comment\n  schema = schema.public // another\n}\n", 2000) + strings.Repeat("# a = -1\n", 2000),
		"a = {\n" + strings.Repeat("  x = -1 + 2 # a comment\n  y = b.c // another\n", 2000) + "}\n",
		strings.Repeat("t \"x\" {\n  c {\n    null = !true\n  }\n}\n", 5000),
		`url = "postgres://${getenv("A")}:${urlescape(getenv("B"))}@${getenv("C")}:${getenv("D")}/${getenv("E")}?sslmode=${getenv("F")}"`,
		"variable \"n\" {\n  type = int\n  default = 3\n}\na = format(\"%03d of 1000000 at 2026-11-29\", var.n)\n",
		"a = tonumber(getenv(\"N\")) * 2\n",
		"locals {\n  names = [\"a\", \"b\"]\n}\na = [for i, n in local.names : \"public.${upper(n)}_${i}\"]\n",
		"a = length([1, 2]) - 1\n",
		"a = tonumber(\"\")\n",
		"a = -\"\"\n",
		"locals {\n  l = [" + strings.Repeat("{ name = \"a\" },", 1000) + "]\n}\na = local.l[*].name\n",
		`a = jsondecode("{\"hash\": \"3e123456789\"}")`,
		"a = format(\"%s-%d\", \"v2\", 3)\n",
		`a = jsondecode(file("x.json")).a`,
	} {
		if err := check(src); err != nil {
			t.Errorf("%.80s: %v", src, err)
		}
	}
}

// The computed bound is never less than the size of an expression's value.
func TestUpperBound(t *testing.T) {
	funcs := map[string]function.Function{
		"chunklist": stdlib.ChunklistFunc, "coalesce": stdlib.CoalesceFunc, "concat": stdlib.ConcatFunc, "distinct": stdlib.DistinctFunc,
		"flatten": stdlib.FlattenFunc, "format": stdlib.FormatFunc, "formatlist": stdlib.FormatListFunc, "indent": stdlib.IndentFunc,
		"join": stdlib.JoinFunc, "jsonencode": stdlib.JSONEncodeFunc, "keys": stdlib.KeysFunc, "length": stdlib.LengthFunc,
		"max": stdlib.MaxFunc, "merge": stdlib.MergeFunc, "pow": stdlib.PowFunc, "range": stdlib.RangeFunc, "regexall": stdlib.RegexAllFunc,
		"regexreplace": stdlib.RegexReplaceFunc, "replace": stdlib.ReplaceFunc, "reverse": stdlib.ReverseListFunc, "setproduct": stdlib.SetProductFunc,
		"split": stdlib.SplitFunc, "strrev": stdlib.ReverseFunc, "title": stdlib.TitleFunc, "upper": stdlib.UpperFunc, "values": stdlib.ValuesFunc,
		"zipmap": stdlib.ZipmapFunc,
	}
	const seed = 13
	r := rand.New(rand.NewPCG(seed, seed))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var text, list, num, object func(depth int) string
	text = func(d int) string {
		if d == 0 {
			return pick(`"a<&"`, `"日ß"`, `local.t`, `"\n,\n"`, `"1e9"`)
		}
		d--
		return pick(
			fmt.Sprintf(`"x${%s}y${%s}"`, text(d), pick(text(d), num(d))), fmt.Sprintf(`join(%s, %s)`, text(d), list(d)),
			fmt.Sprintf(`replace(%s, %s, %s)`, text(d), pick(text(d), `""`), text(d)), fmt.Sprintf(`regexreplace(%s, ".", "$0${%s}")`, text(d), text(d)),
			fmt.Sprintf(`upper(%s)`, text(d)), fmt.Sprintf(`title(%s)`, text(d)), fmt.Sprintf(`strrev(%s)`, text(d)),
			fmt.Sprintf(`jsonencode(%s)`, pick(text(d), list(d), object(d))), fmt.Sprintf(`indent(%d, %s)`, r.IntN(9), text(d)),
			fmt.Sprintf(`format("%%9s|%%-20q|%%05d", %s, %s, %s)`, text(d), text(d), num(d)),
			fmt.Sprintf(`"%%{ for a in %s }${a}%s%%{ endfor }"`, list(d), "z"), fmt.Sprintf(`(%s ? %s : %s)`, pick("true", "false"), text(d), text(d)),
		)
	}
	list = func(d int) string {
		if d == 0 {
			return pick(`["a", "b", "ccc"]`, `local.l`, `[]`)
		}
		d--
		return pick(
			fmt.Sprintf(`concat(%s, %s)`, list(d), list(d)), fmt.Sprintf(`split(%s, %s)`, pick(`""`, text(d)), text(d)),
			fmt.Sprintf(`[for a in %s : "${a}-${%s}"]`, list(d), text(d)), fmt.Sprintf(`[for i, a in %s : a if i < 2]`, list(d)),
			fmt.Sprintf(`formatlist("%%s/%%s", %s, %s)`, list(d), text(d)), fmt.Sprintf(`reverse(%s)`, list(d)), fmt.Sprintf(`keys(%s)`, object(d)),
			fmt.Sprintf(`flatten([%s, [%s]])`, list(d), list(d)), fmt.Sprintf(`regexall(".", %s)`, text(d)), fmt.Sprintf(`[%s, %s]`, text(d), text(d)),
			fmt.Sprintf(`[for p in setproduct(%s, %s) : join("", p)]`, list(d), list(d)), fmt.Sprintf(`%s[*]`, list(d)),
		)
	}
	object = func(d int) string {
		if d == 0 {
			return pick(`{a = 1, "b c" = "x"}`, `{}`)
		}
		d--
		return pick(
			fmt.Sprintf(`{(%s) = %s, k = %s}`, text(d), text(d), num(d)), fmt.Sprintf(`merge(%s, %s)`, object(d), object(d)),
			fmt.Sprintf(`{for i, a in %s : "${i}${a}" => a}`, list(d)),
		)
	}
	num = func(d int) string {
		if d == 0 {
			return pick("1", "2.5", "1e20", "-3")
		}
		d--
		return pick(fmt.Sprintf(`(%s * %s)`, num(d), num(d)), fmt.Sprintf(`length(%s)`, list(d)), fmt.Sprintf(`max(%s, %s)`, num(d), num(d)),
			fmt.Sprintf(`(%s + %s)`, num(d), num(d)), fmt.Sprintf(`pow(%s, 99)`, num(d)), fmt.Sprintf(`(%s / 3)`, num(d)))
	}
	local := cty.ObjectVal(map[string]cty.Value{"t": cty.StringVal("local text"), "l": cty.TupleVal([]cty.Value{cty.StringVal("l"), cty.NumberIntVal(7)})})
	const locals = "locals {\n  t = \"local text\"\n  l = [\"l\", 7]\n}\n"
	known, evaluated := 0, 0
	for range 2_000 {
		src := locals + "a = " + pick(text(2), list(2), object(2), num(2)) + "\n"
		f, diags := hclsyntax.ParseConfig([]byte(src), "x.hcl", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatalf("%s: %v", src, diags)
		}
		body := f.Body.(*hclsyntax.Body)
		v := newValues("x.hcl", body, len(src))
		bound := v.expr(body.Attributes["a"].Expr, nil)
		if v.err != nil {
			continue // refused
		}
		known++
		value, diags := body.Attributes["a"].Expr.Value(&hcl.EvalContext{Functions: funcs, Variables: map[string]cty.Value{"local": local}})
		if diags.HasErrors() {
			continue
		}
		evaluated++
		if n := size(value); float64(n) > bound {
			t.Fatalf("%s\ngives %d, bound %.0f", src, n, bound)
		}
	}
	t.Logf("%d bounds, %d evaluated", known, evaluated)
	if evaluated < 1000 {
		t.Errorf("only %d of %d were evaluated", evaluated, known)
	}
}

// size returns the number of bytes and elements in a value.
func size(v cty.Value) int {
	n := 0
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) {
		switch {
		case v.IsNull() || !v.IsKnown():
		case v.Type() == cty.String:
			n += len(v.AsString())
		case v.Type() == cty.Number:
			n += len(v.AsBigFloat().Text('f', -1))
		case v.Type().IsObjectType() || v.Type().IsMapType():
			for k := range v.AsValueMap() {
				n += len(k)
			}
			fallthrough
		case v.CanIterateElements():
			n += v.LengthInt()
		}
		return true, nil
	})
	return n
}
