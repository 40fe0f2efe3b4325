package schemahcl

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// In a schema file, the default of a column is a value, which is a string, a number, true or false, or an expression,
// sql("..."). In a realm it is always an expression, which the engine uses unchanged.

// values are the strings and fractions that the file writes as defaults, by the placeholders that replace them while
// the engine evaluates the file. The engine would take some strings for SQL, remove quotes, and round.
type values map[string]string

// takeValues replaces the constant defaults in body, the file src, with placeholders.
func takeValues(src []byte, body *hclsyntax.Body) values {
	values, prefix := values{}, placeholderPrefix("default", src)
	for _, t := range body.Blocks {
		for _, c := range t.Body.Blocks {
			a := c.Body.Attributes["default"]
			if t.Type != "table" || c.Type != "column" || a == nil {
				continue
			}
			v, ok := literal(a.Expr)
			if !ok || v.IsNull() {
				continue
			}
			name := fmt.Sprintf("%s%d", prefix, len(values))
			switch {
			case v.Type() == cty.String:
				values[name] = v.AsString()
			case v.Type() == cty.Number && !v.AsBigFloat().IsInt():
				format := byte('f')
				if e := v.AsBigFloat().MantExp(nil); e < -1000 || e > 1000 {
					format = 'g'
				}
				values[name] = v.AsBigFloat().Text(format, -1)
			default:
				continue
			}
			a.Expr = &hclsyntax.LiteralValueExpr{Val: cty.StringVal(name), SrcRange: a.Expr.Range()}
		}
	}
	return values
}

// put replaces the placeholders and makes expressions of all values.
func (v values) put(d *Document) error {
	for _, ns := range d.Realm.Schemas {
		for _, t := range ns.Tables {
			for _, c := range t.Columns {
				l, ok := c.Default.(*schema.Literal)
				if !ok {
					continue
				}
				value, taken := v[l.V]
				switch {
				case taken:
				case len(l.V) > 1 && strings.HasPrefix(l.V, "'") && strings.HasSuffix(l.V, "'"):
					pos, _ := d.Table(ns.Name, t.Name, c.Name)
					return &Error{File: d.Name, Line: pos.Line, Col: pos.Column, Msg: fmt.Sprintf("the default of column %q begins and ends "+
						"with quotes, which the engine would remove from a computed string: write it as a literal string", c.Name)}
				default:
					value = l.V
				}
				c.Default = &schema.RawExpr{X: valueSQL(c.Type.Type, value)}
			}
		}
	}
	return nil
}

// valueSQL returns a value as the default of a column of type t.
func valueSQL(t schema.Type, v string) string {
	if numeric(t) && (number().MatchString(v) || strings.EqualFold(v, "true") || strings.EqualFold(v, "false")) {
		return v
	}
	return pgsql.Literal(v)
}

var number = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$`)
})

// numeric reports whether t is a type whose constants have no quotes.
func numeric(t schema.Type) bool {
	if u, ok := t.(*postgres.UserDefinedType); ok {
		parsed, err := postgres.ParseType(u.T)
		if err != nil {
			return false
		}
		t = parsed
	}
	switch t.(type) {
	case *schema.BoolType, *schema.DecimalType, *schema.IntegerType, *schema.FloatType:
		return true
	}
	return false
}

// defaultSQL returns the default that PostgreSQL prints as expr, without the cast to typ, the column's own type, if
// PostgreSQL reads it the same without.
func defaultSQL(t schema.Type, typ, expr string) string {
	constant, cast, ok := cutConstant(expr)
	switch {
	case numeric(t) && negative().MatchString(expr):
		return constant[1 : len(constant)-1]
	case ok && !numeric(t) && cast == "::"+typ:
		return constant
	}
	return expr
}

// negative matches how PostgreSQL prints a negative integer.
var negative = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^'-[1-9]\d{0,8}'::integer$`) })

// cutConstant divides an expression into the string constant that it begins with and the rest.
func cutConstant(expr string) (constant, rest string, ok bool) {
	tokens := pgsql.Tokens(expr)
	if len(tokens) == 0 || tokens[0].Kind != pgsql.String || expr[0] != '\'' {
		return "", expr, false
	}
	constant = tokens[0].Text
	return constant, expr[len(constant):], true
}

// defaultTokens returns a column's default as HCL: a value if the stock engine reads it the same, otherwise sql(...).
func defaultTokens(t schema.Type, expr string) hclwrite.Tokens {
	if constant, rest, ok := cutConstant(expr); ok && rest == "" && !numeric(t) {
		value := strings.ReplaceAll(constant[1:len(constant)-1], "''", "'")
		if n := len(value); n < 2 || value[0] != value[n-1] || value[0] != '\'' && value[0] != '"' {
			return hclwrite.TokensForValue(cty.StringVal(value))
		}
	}
	if plain().MatchString(expr) && numeric(t) {
		return hclwrite.TokensForIdentifier(expr)
	}
	return sqlTokens(expr)
}

// plain matches booleans and the numbers that PostgreSQL prints as they were written and the engine doesn't round.
var plain = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:true|false|0|-?[1-9]\d{0,8}|(?:0|[1-9]\d{0,4})\.\d{0,4}[1-9])$`)
})

// sqlTokens returns sql("...").
func sqlTokens(text string) hclwrite.Tokens {
	return hclwrite.TokensForFunctionCall("sql", hclwrite.TokensForValue(cty.StringVal(text)))
}
