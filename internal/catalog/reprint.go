package catalog

import (
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// sameText reports whether two lines differ at most in what PostgreSQL prints differently after a dump is restored. It
// names a column of a subquery that is a cast after the type, although the author gave it no name: 'x'::text becomes
// 'x'::text AS text. Where PostgreSQL omits the name, it has no meaning.
func sameText(a, b Line) bool {
	if a.key() != b.key() || a.Comment || a.Kind == "enum" || !strings.Contains(a.Def, "SELECT") || !strings.Contains(a.Def, "::") {
		return false
	}
	return reprinted(a.Def) == reprinted(b.Def)
}

func reprinted(def string) string {
	l := tokens(def)
	var out tokenList
	for i := 0; i < len(l); i++ {
		out = append(out, l[i])
		if !l[i].is("::") {
			continue
		}
		name, end := l.typeAt(i + 1)
		out = append(out, l[i+1:end]...)
		if i = end - 1; name != "" && l.at(end).is("AS") && pgsql.Unquote(l.at(end+1).Text) == name && l.endsItem(end+2) {
			i += 2
		}
	}
	return out.String()
}

// endsItem reports whether an item of a SELECT list ends before the token at i.
func (l tokenList) endsItem(i int) bool {
	return i >= len(l) || l[i].is(",", ")", ";", "FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR")
}

// typeNames are the names of types that PostgreSQL prints in SQL's words.
var typeNames = map[string]string{
	"bigint": "int8", "integer": "int4", "smallint": "int2", "real": "float4", "double": "float8", "boolean": "bool",
	"character": "bpchar", "character varying": "varchar", "bit varying": "varbit", "timestamp with": "timestamptz", "time with": "timetz",
}

// typeAt returns the name in pg_type of the type at i, or of its elements if it is an array, and where it ends.
func (l tokenList) typeAt(i int) (name string, end int) {
	isName := func(i int) bool { return l.at(i).Kind == pgsql.Word || l.at(i).Kind == pgsql.QuotedIdent }
	if !isName(i) {
		return "", i
	}
	for isName(i+2) && l.at(i+1).is(".") {
		i += 2
	}
	words := l[i].Text
	for i++; l.at(i).is("varying", "precision"); i++ {
		words += " " + l[i].Text
	}
	if l.at(i).is("(") {
		i = l.closing(i) + 1
	}
	if l.at(i).is("with", "without") && l.at(i+1).is("time") && l.at(i+2).is("zone") {
		words += " " + l[i].Text
		i += 3
	}
	for l.at(i).is("[") && l.at(i+1).is("]") {
		i += 2
	}
	words = strings.TrimSuffix(strings.TrimSuffix(words, " precision"), " without")
	if known, ok := typeNames[words]; ok {
		return known, i
	}
	return pgsql.Unquote(words), i
}
