package schemahcl

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// sqlTypes are the types of columns that the file writes as SQL, or with an argument that the engine loses, by the
// placeholders that replace them while the engine evaluates the file. The engine would parse them and silently drop
// what it doesn't know.
type sqlTypes map[string]string

// takeSQLTypes replaces the types in body, which strict has accepted, with placeholders.
func takeSQLTypes(body *hclsyntax.Body) sqlTypes {
	types := sqlTypes{}
	for _, t := range body.Blocks {
		if t.Type != "table" {
			continue
		}
		for _, c := range t.Body.Blocks {
			if a := c.Body.Attributes["type"]; c.Type == "column" && a != nil {
				types.take(a.Expr)
			}
		}
	}
	return types
}

func (s sqlTypes) take(x hclsyntax.Expression) {
	hclsyntax.VisitAll(x, func(n hclsyntax.Node) hcl.Diagnostics {
		f, ok := n.(*hclsyntax.FunctionCallExpr)
		if !ok || len(f.Args) == 0 {
			return nil
		}
		typ := lostArgument(f)
		if text, ok := literalText(f.Args[0]); ok && f.Name == "sql" && len(f.Args) == 1 {
			typ, _ = sqlType(text)
		}
		if typ != "" {
			name := fmt.Sprintf("sql_type_%d", len(s))
			s[name] = typ
			f.Name, f.Args = "sql", []hclsyntax.Expression{&hclsyntax.LiteralValueExpr{Val: cty.StringVal(name), SrcRange: f.Args[0].Range()}}
		}
		return nil
	})
}

// lostArgument returns a type as SQL if the engine loses its argument: a precision of 6, which it takes for the
// default, or a negative scale. Otherwise it returns "".
func lostArgument(f *hclsyntax.FunctionCallExpr) string {
	var args []int64
	for _, x := range f.Args {
		n, ok := integer(x)
		if !ok {
			return ""
		}
		i, _ := n.Int64()
		args = append(args, i)
	}
	switch name := f.Name; {
	case len(args) == 2 && args[1] < 0 && (name == "numeric" || name == "decimal"):
		return fmt.Sprintf("numeric(%d,%d)", args[0], args[1])
	case len(args) != 1 || args[0] != 6:
	case name == "time", name == "timetz", name == "timestamp", name == "timestamptz", name == "interval":
		return name + "(6)"
	case name == "second", strings.HasSuffix(name, "_to_second"):
		return "interval " + strings.ReplaceAll(name, "_", " ") + "(6)"
	}
	return ""
}

// typeTokens returns a type that the engine can't express as HCL: as a call if lostArgument reads that, otherwise as
// sql(...).
func typeTokens(typ string) hclwrite.Tokens {
	if m := precisionSix().FindStringSubmatch(typ); m != nil {
		name := strings.ReplaceAll(cmp.Or(m[3], m[1], "interval"), " ", "_")
		if m[2] == "with" {
			name += "tz"
		}
		return hclwrite.TokensForFunctionCall(name, hclwrite.TokensForValue(cty.NumberIntVal(6)))
	}
	return sqlTokens(typ)
}

// precisionSix matches how PostgreSQL prints the types with a precision of 6.
var precisionSix = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:(timestamp|time)\(6\) (with|without) time zone|interval ?((?:(?:day|hour|minute) to )?second)?\(6\))$`)
})

// put replaces the placeholders in the columns' types.
func (s sqlTypes) put(r *schema.Realm) {
	if len(s) == 0 {
		return
	}
	for _, ns := range r.Schemas {
		for _, t := range ns.Tables {
			for _, c := range t.Columns {
				u, ok := c.Type.Type.(*postgres.UserDefinedType)
				if !ok || s[u.T] == "" {
					continue
				}
				u.T = s[u.T]
				c.Type.Raw = u.T
			}
		}
	}
}

// sqlType returns text on one line if it is syntactically one type, optionally with a collation, so that the engine can
// insert it into its statements. Whether the type exists is up to PostgreSQL.
func sqlType(text string) (string, error) {
	if _, err := pgsql.Split(text); err != nil {
		var syntax *pgsql.SyntaxError
		if errors.As(err, &syntax) {
			return "", errors.New(syntax.Msg)
		}
		return "", err
	}
	r := typeReader{pgsql.Tokens(text)}
	words := make([]string, len(r.rest))
	for i, t := range r.rest {
		words[i] = t.Text
	}
	switch complete := r.typ() && (!r.word("collate") || r.name()); {
	case len(r.rest) > 0:
		return "", fmt.Errorf("unexpected %s", r.rest[0].Text)
	case !complete:
		return "", errors.New("unexpected end")
	}
	return strings.Join(words, " "), nil
}

// A typeReader parses a type by PostgreSQL's grammar for Typename. rest are the remaining tokens.
type typeReader struct{ rest []pgsql.Token }

func (r *typeReader) typ() bool {
	if len(r.rest) == 0 {
		return false
	}
	first := strings.ToLower(r.rest[0].Text)
	if !r.name() {
		return false
	}
	switch first {
	case "double":
		r.word("precision")
	case "national":
		r.word("character", "char")
		r.word("varying")
	case "character", "char", "nchar", "bit":
		r.word("varying")
	case "interval":
		for r.word("year", "month", "day", "hour", "minute", "second", "to") {
		}
	}
	if r.op("(") && !r.arguments() {
		return false
	}
	if (first == "time" || first == "timestamp") && r.word("with", "without") && !(r.word("time") && r.word("zone")) {
		return false
	}
	array := r.word("array")
	for r.op("[") {
		if r.number(); !r.op("]") {
			return false
		}
		if array {
			break
		}
	}
	return true
}

// arguments skips the arguments and the closing parenthesis.
func (r *typeReader) arguments() bool {
	for len(r.rest) > 0 {
		switch t := r.rest[0]; {
		case r.op(")"):
			return true
		case t.Kind == pgsql.Op && !slices.Contains([]string{",", "-", "+", "."}, t.Text), t.Kind == pgsql.Param:
			return false
		}
		r.rest = r.rest[1:]
	}
	return false
}

// name skips a name, which may be qualified.
func (r *typeReader) name() bool {
	for {
		if len(r.rest) == 0 || r.rest[0].Kind != pgsql.Word && r.rest[0].Kind != pgsql.QuotedIdent {
			return false
		}
		if r.rest = r.rest[1:]; !r.op(".") {
			return true
		}
	}
}

func (r *typeReader) word(words ...string) bool {
	return r.take(pgsql.Word, words...)
}

func (r *typeReader) op(op string) bool { return r.take(pgsql.Op, op) }

func (r *typeReader) number() {
	if len(r.rest) > 0 && r.rest[0].Kind == pgsql.Number {
		r.rest = r.rest[1:]
	}
}

func (r *typeReader) take(kind pgsql.Kind, texts ...string) bool {
	if len(r.rest) == 0 || r.rest[0].Kind != kind || !slices.Contains(texts, strings.ToLower(r.rest[0].Text)) {
		return false
	}
	r.rest = r.rest[1:]
	return true
}
