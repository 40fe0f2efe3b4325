package pgsql

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Ident returns name as an SQL identifier, quoted only where needed, as PostgreSQL's quote_ident does:
// everything but lower-case ASCII letters, digits and underscores is quoted, and so is
// every keyword that PostgreSQL reserves for some use in any version from 13 to 18.
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

// QualifiedIdent returns schema.name, each as [Ident] gives it; the name alone where schema is empty.
func QualifiedIdent(schema, name string) string {
	if schema == "" {
		return Ident(name)
	}
	return Ident(schema) + "." + Ident(name)
}

// Literal returns s as an SQL string constant, as PostgreSQL's quote_literal does: with a backslash in it
// the constant is an E'...' one, so that it holds whatever standard_conforming_strings says.
func Literal(s string) string {
	quoted := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return "E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// LineComment returns text as a comment on a line of its own, without the line's end: PostgreSQL ends one
// at a carriage return, too.
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

// Fit returns name with a suffix, and name cut between two characters where both together are longer than PostgreSQL
// keeps.
func Fit(name, suffix string) string {
	for len(name)+len(suffix) > maxName {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	return name + suffix
}

// ObjectName returns the name that PostgreSQL derives for what it makes of a table's column, as label says: "seq" for a serial
// column's sequence. What is too long is cut from the longer one of the two names.
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

// cut returns the first n bytes of s, or fewer: whole characters.
func cut(s string, n int) string {
	for n < len(s) && n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// FreeName returns the first of name+suffix, name+suffix2, ... that is not taken, each as [Fit] has it.
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

// DollarQuote returns s on lines of its own, as a string constant between dollars that s does not have.
func DollarQuote(s string) string {
	tag := "$$"
	for under := ""; strings.Contains(s, tag); under += "_" {
		tag = "$block" + under + "$"
	}
	return tag + "\n" + s + "\n" + tag
}
