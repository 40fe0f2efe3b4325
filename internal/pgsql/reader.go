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
	concurrently bool // what was read says CONCURRENTLY, in that word's place
}

func newReader(text string) *reader {
	r := &reader{lexer: lexer{src: text}}
	r.advance()
	return r
}

func (r *reader) advance() {
	r.lexeme = r.next()
	for r.kind == comment {
		r.lexeme = r.next()
	}
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

// name reads an identifier: folded or unquoted, and cut, as PostgreSQL does. ok is false, and
// nothing read, where none stands next.
func (r *reader) name() (name string, ok bool) {
	text := r.text()
	switch {
	case r.kind == Word:
		r.advance()
		return truncate(strings.Map(lowerASCII, text)), true
	case r.kind != QuotedIdent || r.open != "":
		return "", false
	case text[0] == '"':
		r.advance()
		return truncate(strings.ReplaceAll(text[1:len(text)-1], `""`, `"`)), true
	}
	r.advance()
	escape := byte('\\')
	if r.accept("UESCAPE") && r.kind == String {
		if t := r.text(); len(t) == len("'!'") {
			escape = t[1]
		}
		r.advance()
	}
	return truncate(unescape(strings.ReplaceAll(text[3:len(text)-1], `""`, `"`), escape)), true
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

// options are the settings of a list in parentheses, by folded name; "" is one without a value.
type options map[string]string

// options reads (name [=] [value], ...). It is nil, and nothing is read, where no list stands next.
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

// isOn reads a boolean option as PostgreSQL's defGetBoolean does; what that refuses is on.
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

// maxName is the longest identifier in bytes, NAMEDATALEN - 1.
const maxName = 63

// truncate cuts a name between characters, as PostgreSQL does with a NOTICE.
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

// unescape resolves \XXXX and \+XXXXXX in what stands between the quotes of U&"". What PostgreSQL would refuse stays.
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
