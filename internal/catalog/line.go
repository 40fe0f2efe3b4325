package catalog

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// line is one line of a catalog, taken apart. A line that was parsed holds its
// parts as they stand there, escaped.
type line struct{ kind, name, def string }

// String joins and escapes the parts; a line without a definition ends with its name.
func (l line) String() string {
	s := l.kind + " " + Escape(l.name)
	if l.def == "" {
		return s
	}
	return s + ": " + Escape(l.def)
}

// The kinds that a line can begin with. Where one begins another, the longer
// one stands first.
var kinds = []string{
	"access method", "aggregate", "attribute", "cast", "collation", "column", "composite", "constraint", "conversion",
	"dependency", "domain constraint", "domain", "enum", "event trigger", "extension", "foreign data wrapper", "foreign table",
	"function", "index", "language", "materialized view", "operator class", "operator family", "operator", "policy",
	"procedure", "publication schema", "publication table", "publication", "range", "rule", "schema", "sequence",
	"server", "statistics", "subscription", "table", "text search configuration", "text search dictionary",
	"text search parser", "text search template", "transform", "trigger", "type", "user mapping", "view",
}

// parseLine takes a catalog's line apart.
func parseLine(s string) (line, error) {
	rest, comment := s, ""
	if after, ok := strings.CutPrefix(rest, "comment on "); ok {
		rest, comment = after, "comment on "
	}
	i := slices.IndexFunc(kinds, func(k string) bool {
		return strings.HasPrefix(rest, k+" ")
	})
	if i < 0 {
		return line{}, fmt.Errorf("%q begins with no kind of object", s)
	}
	name := rest[len(kinds[i])+1:]
	if name == "" {
		return line{}, fmt.Errorf("%q names nothing", s)
	}
	def := ""
	if end := outsideQuotes(name, ": "); end >= 0 {
		name, def = name[:end], name[end+2:]
	}
	return line{comment + kinds[i], name, def}, nil
}

// outsideQuotes returns where sep first stands in s outside of double quotes, or -1.
func outsideQuotes(s, sep string) int {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case !quoted && strings.HasPrefix(s[i:], sep):
			return i
		}
	}
	return -1
}

// parts splits a qualified name at its dots.
func parts(name string) []string {
	var all []string
	for {
		i := outsideQuotes(name, ".")
		if i < 0 {
			return append(all, name)
		}
		all, name = append(all, name[:i]), name[i+1:]
	}
}

// Escape makes one visible line of s, as names and definitions stand in a catalog. Beside line breaks it escapes the
// characters that would show a reviewer another text than stands there. The
// escaped forms of two texts are never the same.
func Escape(s string) string {
	if !strings.ContainsFunc(s, mustEscape) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\\':
			b.WriteString(`\\`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case mustEscape(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func mustEscape(r rune) bool {
	switch {
	case r == '\\', r == utf8.RuneError, unicode.IsControl(r):
		return true
	case r == 0x061c, r == 0xfeff:
		return true
	case 0x200b <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202e, 0x2060 <= r && r <= 0x206f:
		return true
	}
	return false
}
