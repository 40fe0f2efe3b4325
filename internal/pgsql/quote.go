package pgsql

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Ident returns name as an SQL identifier, quoted only if needed, like PostgreSQL's quote_ident. It quotes names with
// characters other than lower-case ASCII letters, digits and underscores, and keywords that any version from 12 to 18
// reserves for some use.
func Ident(name string) string {
	if isPlain(name) && !reserved[name] {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// Unquote undoes Ident.
func Unquote(ident string) string {
	if inner, ok := strings.CutPrefix(ident, `"`); ok {
		return strings.ReplaceAll(strings.TrimSuffix(inner, `"`), `""`, `"`)
	}
	return ident
}

// QualifiedIdent returns schema.name, each quoted as by [Ident], or only the name if schema is empty.
func QualifiedIdent(schema, name string) string {
	if schema == "" {
		return Ident(name)
	}
	return Ident(schema) + "." + Ident(name)
}

// Literal returns s as an SQL string constant, like PostgreSQL's quote_literal. If s contains a backslash, the constant
// is E'...', which doesn't depend on standard_conforming_strings.
func Literal(s string) string {
	quoted := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return "E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// LineComment returns text as a comment on one line, without a newline. It replaces carriage returns too, which end a
// comment in PostgreSQL.
func LineComment(text string) string {
	return "-- " + lineEnds.Replace(text)
}

var lineEnds = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

func isPlain(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', c == '_':
		case i > 0 && isDigit(c):
		default:
			return false
		}
	}
	return name != ""
}

// Fit returns name with a suffix. It truncates name between two characters if the result would be longer than
// PostgreSQL allows.
func Fit(name, suffix string) string {
	for len(name)+len(suffix) > maxName {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	return name + suffix
}

// ObjectName returns the name that PostgreSQL derives for an object of a table's column. label is its kind: "seq" for a
// serial column's sequence. If the name is too long, the longer one of table and column is truncated.
func ObjectName(table, column, label string) string {
	t, c := len(table), len(column)
	for t+c > maxName-len("__")-len(label) {
		if t > c {
			t--
		} else {
			c--
		}
	}
	return cut(table, t) + "_" + cut(column, c) + "_" + label
}

// cut returns the first n bytes of s, or fewer so as not to split a character.
func cut(s string, n int) string {
	for n < len(s) && n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// FreeName returns the first of name+suffix, name+suffix2, ... that is not taken, truncated as by [Fit].
func FreeName(name, suffix string, taken func(name string) bool) string {
	for n := 1; ; n++ {
		s := suffix
		if n > 1 {
			s += strconv.Itoa(n)
		}
		if free := Fit(name, s); !taken(free) {
			return free
		}
	}
}

// DoBlock returns a DO statement that runs body, PL/pgSQL that begins with DECLARE, BEGIN or a label.
func DoBlock(body string) string { return "DO " + DollarQuote(body) }

// DollarQuote returns s, on its own lines, as a dollar-quoted string constant with a tag that s doesn't contain.
func DollarQuote(s string) string {
	if !strings.Contains(s, "$$") {
		return "$$\n" + s + "\n$$"
	}
	return DollarQuoteAs("block", s)
}

// DollarQuoteAs is like DollarQuote with a tag that begins with name.
func DollarQuoteAs(name, s string) string {
	tag := "$" + name + "$"
	for ; strings.Contains(s, tag); tag = "$" + name + "$" {
		name += "_"
	}
	return tag + "\n" + s + "\n" + tag
}
