package pgsql

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// reader reads one statement token by token, with one token of lookahead.
type reader struct {
	lexeme // the next token; kind 0 at the end
	lexer
	before       int  // the end of the previous token
	concurrently bool // whether CONCURRENTLY was read as a keyword or an option
}

func newReader(text string) *reader {
	r := &reader{lexer: lexer{src: text}}
	r.advance()
	return r
}

func (r *reader) advance() {
	r.before = r.end
	r.lexeme = r.next()
	for r.kind == comment {
		r.lexeme = r.next()
	}
}

// rest reads the remaining tokens.
func (r *reader) rest() Words {
	var w Words
	for c := (cursor{r.src, Pos{Line: 1, Col: 1}}); r.kind != 0; r.advance() {
		w = append(w, Token{r.kind, r.text(), c.at(r.start)})
	}
	return w
}

func (r *reader) text() string { return r.src[r.start:r.end] }

// is reports whether the next token is that keyword (in upper case) or punctuation.
func (r *reader) is(what string) bool {
	return r.kind == Word && isWord(r.text(), what) || r.kind == Op && r.text() == what
}

func (r *reader) accept(what string) bool {
	if !r.is(what) {
		return false
	}
	r.advance()
	return true
}

// name reads an identifier. If there is none, it reads nothing and ok is false.
func (r *reader) name() (name string, ok bool) {
	text := r.text()
	if r.kind != Word && r.kind != QuotedIdent || r.open != "" {
		return "", false
	}
	r.advance()
	escape := byte('\\')
	if text[len(text)-1] == '"' && r.accept("UESCAPE") && r.kind == String {
		escape = escapeOf(r.text())
		r.advance()
	}
	return identifier(text, escape), true
}

// identifier returns the name, folded or unquoted, and truncated, as in PostgreSQL.
func identifier(text string, escape byte) string {
	const quotes, unicode = len(`""`), len(`U&""`)
	switch {
	case text[len(text)-1] != '"' || len(text) < quotes || text[0] != '"' && len(text) < unicode: // the last two are unterminated
		return truncate(strings.Map(lowerASCII, text))
	case text[0] == '"':
		return truncate(strings.ReplaceAll(text[1:len(text)-1], `""`, `"`))
	}
	return truncate(unescape(strings.ReplaceAll(text[len(`U&"`):len(text)-1], `""`, `"`), escape))
}

// escapeOf returns the character in the string after UESCAPE.
func escapeOf(text string) byte {
	if len(text) == len("'!'") {
		return text[1]
	}
	return '\\'
}

// qualifiedName reads [[database.]schema.]name.
func (r *reader) qualifiedName() (schema, name string, ok bool) {
	name, ok = r.name()
	for ok && r.accept(".") {
		schema = name
		name, ok = r.name()
	}
	return schema, name, ok
}

// relation reads a table as [ONLY] name, ONLY (name), or name *.
func (r *reader) relation() (schema, name string, ok bool) {
	if r.accept("ONLY") && r.accept("(") {
		schema, name, ok = r.qualifiedName()
		return schema, name, ok && r.accept(")")
	}
	schema, name, ok = r.qualifiedName()
	r.accept("*")
	return schema, name, ok
}

// options are the settings in a list in parentheses, by folded name. The value is "" if there is none.
type options map[string]string

// options reads (name [=] [value], ...). If there is no list, it reads nothing and returns nil.
func (r *reader) options() options {
	if !r.accept("(") {
		return nil
	}
	o := options{}
	for r.kind != 0 && !r.accept(")") {
		name, ok := r.name()
		if !ok {
			r.advance()
			continue
		}
		value := ""
		for r.kind != 0 && !r.is(",") && !r.is(")") {
			if !r.is("=") {
				value += strings.Trim(r.text(), "'")
			}
			r.advance()
		}
		o[name] = value
	}
	return o
}

// inParens skips parentheses and their contents, and reports whether there were any.
func (r *reader) inParens() bool {
	if !r.is("(") {
		return false
	}
	for depth := 0; r.kind != 0; r.advance() {
		if r.kind != Op {
			continue
		}
		if depth += deeper(r.text()); depth == 0 {
			r.advance()
			return true
		}
	}
	return true
}

// ifExists reads IF EXISTS, ifNotExists IF NOT EXISTS. Alone, IF is a name.
func (r *reader) ifExists() bool    { return r.acceptAll("IF", "EXISTS") }
func (r *reader) ifNotExists() bool { return r.acceptAll("IF", "NOT", "EXISTS") }

// acceptAll skips these keywords if they all come next.
func (r *reader) acceptAll(words ...string) bool {
	saved := *r
	for _, w := range words {
		if !r.accept(w) {
			*r = saved
			return false
		}
	}
	return true
}

// optionsAfter reads the options that follow the next such keyword.
func (r *reader) optionsAfter(keyword string) options {
	for r.kind != 0 && !r.accept(keyword) {
		r.advance()
	}
	return r.options()
}

func (o options) has(name string) bool {
	_, ok := o[name]
	return ok
}

// isOn returns a boolean option like PostgreSQL's defGetBoolean. Values that this refuses count as on.
func (o options) isOn(name string, unset bool) bool {
	value, ok := o[name]
	if !ok {
		return unset
	}
	switch strings.Map(lowerASCII, value) {
	case "off", "false", "0":
		return false
	}
	return true
}

func lowerASCII(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// maxName is the maximum length of an identifier in bytes, NAMEDATALEN - 1.
const maxName = 63

// truncate truncates a name between characters, as PostgreSQL does.
func truncate(name string) string {
	if len(name) <= maxName {
		return name
	}
	n := maxName
	for n > 0 && !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n]
}

// unescape resolves \XXXX and \+XXXXXX in the contents of U&"". It doesn't change what PostgreSQL would refuse.
func unescape(s string, escape byte) string {
	var b strings.Builder
	high := rune(0)
	for i := 0; i < len(s); {
		r, n := rune(s[i]), 1
		if s[i] == escape {
			r, n = unescapeOne(s[i:], escape)
		}
		i += n
		switch {
		case n > 2 && utf16.IsSurrogate(r) && high == 0:
			high = r
			continue
		case high != 0:
			r = utf16.DecodeRune(high, r)
			high = 0
		}
		if n == 1 {
			b.WriteByte(byte(r))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unescapeOne(s string, escape byte) (r rune, n int) {
	from, to := 1, 5
	switch {
	case strings.HasPrefix(s[1:], string(escape)):
		return rune(escape), 2
	case strings.HasPrefix(s[1:], "+"):
		from, to = 2, 8
	}
	if len(s) < to {
		return rune(s[0]), 1
	}
	code, err := strconv.ParseUint(s[from:to], 16, 32)
	if err != nil {
		return rune(s[0]), 1
	}
	return rune(code), to
}
