package catalog

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Line is a parsed line of a catalog. Name and Def are not escaped, unlike in the line's text.
type Line struct {
	Comment bool   // whether the line is a comment on the object: Def is then a string constant or "none"
	Kind    string // the object's kind: "column", "materialized view"
	Name    string // qualified, with parts quoted as by quote_ident: `public."Runs".id`
	Def     string // followed by the state in brackets; may be ""
}

// String returns the line's text, which ParseLine parses.
func (l Line) String() string {
	if l.Def == "" {
		return l.key()
	}
	return l.key() + ": " + Escape(l.Def)
}

// key returns the start of the text, which is unique in a catalog.
func (l Line) key() string { return l.title() + " " + Escape(l.Name) }

// Object returns the line without the definition.
func (l Line) Object() Line {
	l.Def = ""
	return l
}

// title returns the kind in the text: "column" or "comment on column".
func (l Line) title() string {
	if l.Comment {
		return commentOn + l.Kind
	}
	return l.Kind
}

const commentOn = "comment on "

// CutState returns the definition without the state in brackets, and the state: "INVALID, not ready".
func (l Line) CutState() (def, state string) {
	i := strings.LastIndex(l.Def, "[")
	if i < 0 || !strings.HasSuffix(l.Def, "]") || i > 0 && l.Def[i-1] != ' ' || i == len(l.Def)-2 {
		return l.Def, ""
	}
	return strings.TrimSuffix(l.Def[:i], " "), l.Def[i+1 : len(l.Def)-1]
}

// kinds are the kinds of objects. If one is a prefix of another, the longer one comes first.
var kinds = []string{
	"access method", "aggregate", "attribute", "cast", "collation", "column", "composite", "constraint", "conversion",
	"dependency", "domain constraint", "domain", "enum", "event trigger", "extension", "foreign data wrapper", "foreign table",
	"function", "index", "language", "materialized view", "operator class", "operator family", "operator", "policy",
	"procedure", "publication schema", "publication table", "publication", "range", "rule", "schema", "sequence",
	"server", "statistics", "subscription", "table", "text search configuration", "text search dictionary",
	"text search parser", "text search template", "transform", "trigger", "type", "user mapping", "view",
}

// ParseLine parses the text of a line.
func ParseLine(text string) (Line, error) {
	var l Line
	rest, comment := strings.CutPrefix(text, commentOn)
	for _, kind := range kinds {
		if name, ok := strings.CutPrefix(rest, kind); ok && strings.HasPrefix(name, " ") {
			l = Line{Comment: comment, Kind: kind, Name: name[1:]}
			break
		}
	}
	if l.Kind == "" {
		return Line{}, fmt.Errorf("%q doesn't begin with a kind of object", text)
	}
	if end := outsideQuotes(l.Name, ": "); end >= 0 {
		l.Name, l.Def = l.Name[:end], l.Name[end+2:]
	}
	if l.Name == "" {
		return Line{}, fmt.Errorf("%q has no name", text)
	}
	l.Name, l.Def = unescape(l.Name), unescape(l.Def)
	return l, nil
}

// mustParse parses a line that this package has written, or has parsed before: the lines of a catalog or an effect.
func mustParse(text string) Line {
	l, err := ParseLine(text)
	if err != nil {
		panic("catalog: " + err.Error())
	}
	return l
}

// outsideQuotes returns the index of the first sep in s outside double quotes, or -1.
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

// CutName splits off the last part of a qualified name: "public.t.id" into "public.t" and "id", "id" into "" and "id".
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

// Escape returns s on one line, as in a catalog's text. It also escapes characters that are invisible or change how the
// text looks. Different texts have different escaped forms.
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

// unescape undoes Escape. It doesn't change escapes that Escape never writes.
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
		case n == len(`\xff`): // a byte of invalid UTF-8
			b.WriteByte(byte(r))
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

// escaped decodes the escape at the start of s and returns its length, or 0 if there is none.
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
