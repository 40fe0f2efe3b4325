package catalog

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// normalize returns a definition, as printed by a server of version major, in the form that is common to all versions.
func normalize(major int, kind, def string) string {
	switch kind {
	case "function", "aggregate", "enum", "schema":
		return def // the author's text, or no expressions
	case "procedure":
		return procedure(def)
	case "view", "materialized view":
		return unprefixed(tokens(def).now().spelled(major)).String()
	case "rule":
		return tokens(def).now().spelled(major).String()
	}
	if spellings().MatchString(def) {
		return tokens(def).now().spelled(major).String()
	}
	return def
}

// spellings matches what now and spelled look for, and line breaks.
var spellings = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\n|CURRENT_TIMESTAMP|AT TIME ZONE|SUBSTRING|POSITION|TRIM|OVERLAY|ARRAY|date_part`)
})

// token is a token and whether white space precedes it.
type token struct {
	pgsql.Token
	space bool
}

type tokenList []token

func tokens(sql string) tokenList {
	var list tokenList
	end := 0
	for _, t := range pgsql.Tokens(sql) {
		list = append(list, token{t, t.Pos.Offset > end})
		end = t.Pos.Offset + len(t.Text)
	}
	return list
}

// String joins the tokens, with single spaces where there was white space and without a final semicolon.
func (l tokenList) String() string {
	if n := len(l); n > 0 && l[n-1].is(";") {
		l = l[:n-1]
	}
	var b strings.Builder
	for i, t := range l {
		if t.space && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.Text)
	}
	return b.String()
}

func (t token) is(texts ...string) bool {
	return (t.Kind == pgsql.Word || t.Kind == pgsql.Op) && slices.Contains(texts, t.Text)
}

func (l tokenList) at(i int) token {
	if i < 0 || i >= len(l) {
		return token{}
	}
	return l[i]
}

// now replaces CURRENT_TIMESTAMP by now(), which is the same function.
func (l tokenList) now() tokenList {
	for i := range l {
		if l[i].is("CURRENT_TIMESTAMP") && !l.at(i+1).is("(") {
			l[i].Text = "now()"
		}
	}
	return l
}

// closing returns the index of the parenthesis that closes the one at i.
func (l tokenList) closing(i int) int {
	depth := 0
	for ; i < len(l); i++ {
		switch {
		case l[i].is("("):
			depth++
		case l[i].is(")"):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(l) - 1
}

// subquery reports whether the parenthesis at i opens a query.
func (l tokenList) subquery(i int) bool {
	return l[i].is("(") && l.at(i+1).is("SELECT", "WITH", "VALUES")
}

// unprefixed removes the name of the only item of FROM before its columns in a view's query, which only servers before
// 16 print.
func unprefixed(l tokenList) tokenList {
	from, end := l.from()
	if from < 0 {
		return l
	}
	alias := l[from+1 : end].onlyItem()
	if alias == "" {
		return l
	}
	var out tokenList
	for i := 0; i < len(l); i++ {
		switch {
		case i == from:
			out = append(out, l[i:end]...)
			i = end - 1
		case l.subquery(i):
			c := l.closing(i)
			out = append(out, l[i:c+1]...)
			i = c
		case l[i].Text == alias && l.at(i+1).is(".") && !l.at(i+2).is("*") && l.at(i+2).Kind != pgsql.Op &&
			!l.at(i+3).is("(") && !l.at(i-1).is(".", "::", "COLLATE"):
			l[i+2].space = l[i].space
			i++
		default:
			out = append(out, l[i])
		}
	}
	return out
}

// from returns the bounds of a query's FROM clause, or -1 if it has none or consists of several queries.
func (l tokenList) from() (from, end int) {
	from, end = -1, len(l)
	for i := 0; i < len(l); i++ {
		switch {
		case l[i].is("("):
			i = l.closing(i)
		case l[i].is("UNION", "INTERSECT", "EXCEPT"):
			return -1, 0
		case from < 0 && l[i].is("FROM"):
			from = i
		case from >= 0 && end == len(l) && l[i].is("WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", ";"):
			end = i
		}
	}
	return from, end
}

// onlyItem returns the name that qualifies the columns of a FROM clause's only item, or "" if there are several items.
func (l tokenList) onlyItem() string {
	for i := 0; i < len(l); i++ {
		switch {
		case l.subquery(i):
			i = l.closing(i)
		case l[i].is("JOIN"):
			return ""
		}
	}
	i := 0
	for l.at(i).is("ONLY", "LATERAL", "ROWS", "FROM") {
		i++
	}
	name := ""
	if !l.at(i).is("(") {
		name = l.at(i).Text
		for i++; l.at(i).is("."); i += 2 {
			name = l.at(i + 1).Text
		}
	}
	if l.at(i).is("(") {
		i = l.closing(i) + 1
	}
	for l.at(i).is("WITH", "ORDINALITY", "AS") {
		i++
	}
	if t := l.at(i); t.Kind == pgsql.QuotedIdent || t.Kind == pgsql.Word && !t.is("TABLESAMPLE") {
		name = t.Text
		i++
	}
	// Only a list of columns or TABLESAMPLE may follow.
	for ; i < len(l); i++ {
		switch {
		case l[i].is("("):
			i = l.closing(i)
		case l[i].is(","):
			return ""
		}
	}
	return name
}

// procedure removes IN before a procedure's parameters, which servers before 14 don't print.
func procedure(def string) string {
	head, body, found := strings.Cut(def, "\n")
	if !found {
		return def
	}
	l := tokens(head)
	var out tokenList
	for i := range l {
		if l[i].is("IN") && l.at(i-1).is("(", ",") {
			if i+1 < len(l) {
				l[i+1].space = l[i].space
			}
			continue
		}
		out = append(out, l[i])
	}
	return out.String() + "\n" + body
}
