package catalog

import (
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// spelled normalizes calls of functions that have a special syntax in SQL. Servers from 14 on remember which syntax the
// author used. Older ones don't, and print EXTRACT as the function date_part, which is a different function since 14.
func (l tokenList) spelled(major int) tokenList {
	var out tokenList
	for i := 0; i < len(l); i++ {
		t := l[i]
		switch {
		case t.is("SUBSTRING", "POSITION", "TRIM", "OVERLAY") && l.at(i+1).is("("):
			end := l.closing(i + 1)
			out = append(out, call(t, l[i+2:end].spelled(major))...)
			i = end
		case major < 14 && t.is("date_part") && !l.at(i-1).is(".") && l.at(i+1).is("(") && l.at(i+2).Kind == pgsql.String && l.at(i+3).is("::") && l.at(i+5).is(","):
			end := l.closing(i + 1)
			field := word(strings.Trim(l[i+2].Text, "'"), false)
			out = append(out, t.as("EXTRACT"), op("("), field, word("FROM", true))
			out = append(out, l[i+6:end].spelled(major)...)
			out = append(out, op(")"))
			i = end
		case t.is("("):
			end := l.closing(i)
			inner := l[i+1 : end].spelled(major)
			if cast, last := l.arrayCast(end, inner); last > 0 {
				cast[0].space = t.space
				out = append(out, cast...)
				i = last
				continue
			}
			if at := inner.find("AT"); at > 0 && inner.at(at+1).is("TIME") && inner.at(at+2).is("ZONE") {
				out = append(out, t.as("timezone"))
				out = append(out, arguments(inner[at+3:], inner[:at])...)
			} else {
				out = append(out, t)
				out = append(out, inner...)
				out = append(out, l[end:min(end+1, len(l))]...)
			}
			i = end
		default:
			out = append(out, t)
		}
	}
	return out
}

// call returns the plain function call for the special syntax of t.
func call(t token, inner tokenList) tokenList {
	from, length := inner.find("FROM"), inner.find("FOR")
	if length < 0 {
		length = len(inner)
	}
	rest := func(i int) tokenList { return inner[min(i+1, len(inner)):] }
	var name string
	var args []tokenList
	switch in, placing := inner.find("IN"), inner.find("PLACING"); {
	case t.is("SUBSTRING") && from > 0:
		name, args = `"substring"`, []tokenList{inner[:from], inner[from+1 : length], rest(length)}
	case t.is("POSITION") && in > 0:
		name, args = `"position"`, []tokenList{inner[in+1:].bare(), inner[:in].bare()}
	case t.is("OVERLAY") && placing > 0 && from > placing:
		name, args = `"overlay"`, []tokenList{inner[:placing], inner[placing+1 : from], inner[from+1 : length], rest(length)}
	case t.is("TRIM") && from > 0 && inner[0].is("BOTH", "LEADING", "TRAILING"):
		name = map[string]string{"BOTH": "btrim", "LEADING": "ltrim", "TRAILING": "rtrim"}[inner[0].Text]
		args = []tokenList{inner[from+1:], inner[1:from]}
	default:
		return append(append(tokenList{t, op("(")}, inner...), op(")"))
	}
	return append(tokenList{t.as(name)}, arguments(args...)...)
}

// arrayCast turns (ARRAY[a, b])::type[] into ARRAY[(a)::type, (b)::type], as PostgreSQL does when it parses its own
// output. After a dump is restored, comparisons of a varchar column with IN have the latter form. end is the index in l
// of the parenthesis that closes inner. last is the index of the cast's last token, or 0 if there is no such cast.
func (l tokenList) arrayCast(end int, inner tokenList) (cast tokenList, last int) {
	n := len(inner)
	if n < 4 || !inner[0].is("ARRAY") || !inner[1].is("[") || !inner[n-1].is("]") || !l.at(end+1).is("::") {
		return nil, 0
	}
	i := end + 2
	for l.at(i).Kind == pgsql.Word || l.at(i).Kind == pgsql.QuotedIdent || l.at(i).is(".") {
		i++
	}
	if l.at(i).is("(") {
		i = l.closing(i) + 1
	}
	if !l.at(i).is("[") || !l.at(i+1).is("]") {
		return nil, 0
	}
	elements := inner[2 : n-1].split()
	if elements == nil {
		return nil, 0 // not a single array
	}
	cast = append(cast, inner[:2]...)
	for k, e := range elements {
		if len(e) == 0 || e[0].is("ARRAY") {
			return nil, 0 // multidimensional
		}
		if k > 0 {
			cast = append(cast, op(","))
		}
		open := op("(")
		open.space = k > 0
		cast = append(cast, open)
		first := len(cast)
		cast = append(cast, e...)
		cast[first].space = false
		cast = append(append(cast, op(")")), l[end+1:i]...)
	}
	return append(cast, op("]")), i + 1
}

// split splits a list at the commas outside parentheses and brackets. It returns nil if these are unbalanced.
func (l tokenList) split() []tokenList {
	var all []tokenList
	depth, start := 0, 0
	for i, t := range l {
		switch {
		case t.is("(", "["):
			depth++
		case t.is(")", "]"):
			if depth--; depth < 0 {
				return nil
			}
		case t.is(",") && depth == 0:
			all = append(all, l[start:i])
			start = i + 1
		}
	}
	return append(all, l[start:])
}

// arguments returns the arguments that aren't empty, in parentheses.
func arguments(args ...tokenList) tokenList {
	list := tokenList{op("(")}
	for _, a := range args {
		if len(a) == 0 {
			continue
		}
		if len(list) > 1 {
			list = append(list, op(","))
		}
		first := len(list)
		list = append(list, a...)
		list[first].space = first > 1
	}
	return append(list, op(")"))
}

// bare removes parentheses around the whole list.
func (l tokenList) bare() tokenList {
	if len(l) > 1 && l[0].is("(") && l.closing(0) == len(l)-1 {
		return l[1 : len(l)-1]
	}
	return l
}

// find returns the index of the first occurrence of a word outside parentheses, or -1.
func (l tokenList) find(word string) int {
	for i := 0; i < len(l); i++ {
		switch {
		case l[i].is("("):
			i = l.closing(i)
		case l[i].is(word):
			return i
		}
	}
	return -1
}

func op(text string) token { return token{Token: pgsql.Token{Kind: pgsql.Op, Text: text}} }

func word(text string, space bool) token {
	return token{Token: pgsql.Token{Kind: pgsql.Word, Text: text}, space: space}
}

// as returns t with another text.
func (t token) as(text string) token { return word(text, t.space) }
