package catalog

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Line is one line of a catalog, taken apart. Name and Def are as PostgreSQL has them;
// only the line's text escapes them.
type Line struct {
	Comment bool   // the line is the comment on the object: Def is a string constant, or "none"
	Kind    string // of the object, "column" or "materialized view"
	Name    string // qualified, its parts quoted as quote_ident does: `public."Runs".id`
	Def     string // with the state in brackets after it; "" where there is nothing to say but that the object is there
}

// String is the line's text, which ParseLine takes apart again.
func (l Line) String() string {
	if l.Def == "" {
		return l.key()
	}
	return l.key() + ": " + Escape(l.Def)
}

// key is how the text begins. No two lines of a catalog have the same.
func (l Line) key() string { return l.title() + " " + Escape(l.Name) }

// Object is the line without the definition: what it is about.
func (l Line) Object() Line {
	l.Def = ""
	return l
}

// title is the kind as the text has it, "column" or "comment on column".
func (l Line) title() string {
	if l.Comment {
		return commentOn + l.Kind
	}
	return l.Kind
}

const commentOn = "comment on "

// CutState returns the definition without the state in brackets, and what the brackets hold:
// "INVALID, not ready".
func (l Line) CutState() (def, state string) {
	i := strings.LastIndex(l.Def, "[")
	if i < 0 || !strings.HasSuffix(l.Def, "]") || i > 0 && l.Def[i-1] != ' ' || i == len(l.Def)-2 {
		return l.Def, ""
	}
	return strings.TrimSuffix(l.Def[:i], " "), l.Def[i+1 : len(l.Def)-1]
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

// ParseLine takes the text of a line apart.
func ParseLine(text string) (Line, error) {
	var l Line
	rest, comment := strings.CutPrefix(text, commentOn)
	for _, kind := range kinds {
		if name, ok := strings.CutPrefix(rest, kind); ok && strings.HasPrefix(name, " ") {
			l = Line{Comment: comment, Kind: kind, Name: name[1:]}
			break
		}
	}
	switch {
	case l.Kind == "":
		return Line{}, fmt.Errorf("%q begins with no kind of object", text)
	case l.Name == "":
		return Line{}, fmt.Errorf("%q names nothing", text)
	}
	if end := outsideQuotes(l.Name, ": "); end >= 0 {
		l.Name, l.Def = l.Name[:end], l.Name[end+2:]
	}
	l.Name, l.Def = unescape(l.Name), unescape(l.Def)
	return l, nil
}

// mustParse parses a line that this package made or has parsed before.
func mustParse(text string) Line {
	l, err := ParseLine(text)
	if err != nil {
		panic("catalog: " + err.Error())
	}
	return l
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

// CutName cuts the last part off a qualified name: "public.t" and "id" of "public.t.id", "" and "id" of "id".
func CutName(name string) (before, last string) {
	start := 0
	for {
		i := outsideQuotes(name[start:], ".")
		if i < 0 {
			return name[:max(start-1, 0)], name[start:]
		}
		start += i + 1
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

// unescape undoes Escape. What Escape does not write stays as it is.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := escaped(s[i:])
		switch {
		case n == 0:
			b.WriteByte(s[i])
			n = 1
		case n == len(`\xff`): // a byte that is no character
			b.WriteByte(byte(r))
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

// escaped returns what s begins with if it is escaped, and the length of that.
func escaped(s string) (r rune, n int) {
	if len(s) < 2 || s[0] != '\\' {
		return 0, 0
	}
	switch s[1] {
	case '\\':
		return '\\', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'x':
		n = len(`\xff`)
	case 'u':
		n = len(`\uffff`)
	}
	if n > len(s) {
		return 0, 0
	}
	code, err := strconv.ParseUint(s[min(2, n):n], 16, 16)
	if err != nil {
		return 0, 0
	}
	return rune(code), n
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
