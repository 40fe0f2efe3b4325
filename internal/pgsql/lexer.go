package pgsql

import (
	"strings"
	"unicode/utf8"
)

// Pos is a position in a source text.
type Pos struct {
	Offset int // in bytes, from 0
	Line   int // from 1; a line ends with \n
	Col    int // in characters, from 1, without a byte order mark
}

// After returns the position after a text that starts at p.
func (p Pos) After(text string) Pos {
	p.Offset += len(text)
	if n := strings.Count(text, "\n"); n > 0 {
		p.Line, p.Col = p.Line+n, 1
		text = text[strings.LastIndexByte(text, '\n')+1:]
	}
	p.Col += utf8.RuneCountInString(text)
	return p
}

// Kind is the lexical kind of a [Token].
type Kind int

const (
	Word        Kind = iota + 1 // an unquoted name or keyword
	QuotedIdent                 // "x", U&"x"
	String                      // 'x', E'x', U&'x', B'x', X'x', N'x', $$x$$, with its continuations
	Number                      // 1, 1.5e-3, 0x1F, 1_000
	Param                       // $1
	Op                          // operators, punctuation, and characters that PostgreSQL would refuse

	comment // never leaves the package as a Token
)

// Token is one lexical element of the source.
type Token struct {
	Kind Kind
	Text string
	Pos  Pos
}

// Tokens returns the tokens of src without white space and comments. An unterminated string or name extends to the end.
func Tokens(src string) []Token {
	var tokens []Token
	l, c := newLexer(src), newCursor(src)
	for {
		x := l.next()
		switch x.kind {
		case 0:
			return tokens
		case comment:
		default:
			tokens = append(tokens, Token{x.kind, src[x.start:x.end], c.at(x.start)})
		}
	}
}

// bom is the byte order mark that some editors write at the start of a UTF-8 file. psql skips it there. Anywhere else
// it is part of an identifier, like other characters outside ASCII.
const bom = "\uFEFF"

// cursor converts offsets to positions. It only moves forward, so that it reads the text once.
type cursor struct {
	src string
	pos Pos
}

func newCursor(src string) cursor {
	c := cursor{src, Pos{Line: 1, Col: 1}}
	if strings.HasPrefix(src, bom) {
		c.pos.Offset = len(bom)
	}
	return c
}

func (c *cursor) at(offset int) Pos {
	c.pos = c.pos.After(c.src[c.pos.Offset:offset])
	return c.pos
}

// lexeme is a token or comment, given by its bounds. Kind 0 is the end of the text.
type lexeme struct {
	kind       Kind
	start, end int
	open       string // the error if the lexeme is unterminated
}

// lexer follows src/backend/parser/scan.l with standard_conforming_strings on. Where versions of PostgreSQL differ
// (hexadecimal and grouped numbers, junk after a number), it accepts what any of them does, which doesn't change the
// bounds of statements.
type lexer struct {
	src string
	off int // where to look for the next lexeme
	run opRun
}

func newLexer(src string) *lexer {
	l := &lexer{src: src}
	if strings.HasPrefix(src, bom) {
		l.off = len(bom)
	}
	return l
}

// peek returns the byte at i, or 0 past the end. [Split] refuses texts that contain NUL.
func (l *lexer) peek(i int) byte {
	if i < len(l.src) {
		return l.src[i]
	}
	return 0
}

func (l *lexer) next() lexeme {
	for l.off < len(l.src) && isSpace(l.src[l.off]) {
		l.off++
	}
	if l.off == len(l.src) {
		return lexeme{start: l.off, end: l.off}
	}
	x := l.scan(l.off)
	if x.open != "" {
		x.end = len(l.src)
	}
	l.off = x.end
	return x
}

func (l *lexer) scan(start int) lexeme {
	c := l.src[start]
	switch {
	case isWordStart(c):
		return l.scanWord(start)
	case isDigit(c), c == '.' && isDigit(l.peek(start+1)):
		return lexeme{kind: Number, start: start, end: l.numberEnd(start)}
	case c == '\'':
		return l.scanString(start, start, quotedString)
	case c == '"':
		return l.scanQuotedIdent(start, start)
	case c == '$':
		return l.scanDollar(start)
	case strings.HasPrefix(l.src[start:], "--"):
		return lexeme{kind: comment, start: start, end: l.lineEnd(start)}
	case strings.HasPrefix(l.src[start:], "/*"):
		return l.scanBlockComment(start)
	case isOp(c):
		return lexeme{kind: Op, start: start, end: l.opEnd(start)}
	}
	end := start + 1
	switch l.src[start:min(start+2, len(l.src))] {
	case "::", ":=", "..":
		end++
	}
	return lexeme{kind: Op, start: start, end: end}
}

// scanWord reads a name or keyword, or a string with a prefix such as E.
func (l *lexer) scanWord(start int) lexeme {
	next := l.peek(start + 1)
	switch l.src[start] {
	case 'e', 'E':
		if next == '\'' {
			return l.scanString(start, start+1, escapeString)
		}
	case 'n', 'N':
		if next == '\'' {
			return l.scanString(start, start+1, quotedString)
		}
	case 'b', 'B':
		if next == '\'' {
			return l.scanString(start, start+1, bitString)
		}
	case 'x', 'X':
		if next == '\'' {
			return l.scanString(start, start+1, hexString)
		}
	case 'u', 'U':
		if next == '&' {
			switch l.peek(start + 2) {
			case '\'':
				return l.scanString(start, start+2, quotedString)
			case '"':
				return l.scanQuotedIdent(start, start+2)
			}
		}
	}
	end := start + 1
	for end < len(l.src) && isWordPart(l.src[end]) {
		end++
	}
	return lexeme{kind: Word, start: start, end: end}
}

type stringForm struct {
	backslash bool // a backslash escapes the next character
	doubling  bool // two quotes mean one
	open      string
}

var (
	quotedString = stringForm{doubling: true, open: "unterminated quoted string"}
	escapeString = stringForm{doubling: true, backslash: true, open: "unterminated quoted string"}
	bitString    = stringForm{open: "unterminated bit string literal"}
	hexString    = stringForm{open: "unterminated hexadecimal string literal"}
)

// scanString reads the string with its first quote at quote, including continuations.
func (l *lexer) scanString(start, quote int, form stringForm) lexeme {
	for i := quote + 1; i < len(l.src); i++ {
		switch c := l.src[i]; {
		case c == '\\' && form.backslash:
			i++
		case c != '\'':
		case form.doubling && l.peek(i+1) == '\'':
			i++
		default:
			again := l.continuation(i + 1)
			if again < 0 {
				return lexeme{kind: String, start: start, end: i + 1}
			}
			i = again
		}
	}
	return lexeme{kind: String, start: start, open: form.open}
}

// continuation returns the index of the quote that continues the string that ended before i, or -1. Only white space
// with a newline, and line comments, may be between them.
func (l *lexer) continuation(i int) int {
	newline := false
	for i < len(l.src) {
		switch c := l.src[i]; {
		case c == '\n', c == '\r':
			newline = true
			i++
		case isSpace(c):
			i++
		case c == '-' && l.peek(i+1) == '-':
			i = l.lineEnd(i)
		case c == '\'' && newline:
			return i
		default:
			return -1
		}
	}
	return -1
}

func (l *lexer) scanQuotedIdent(start, quote int) lexeme {
	for i := quote + 1; ; i += 2 {
		n := strings.IndexByte(l.src[min(i, len(l.src)):], '"')
		if n < 0 {
			return lexeme{kind: QuotedIdent, start: start, open: "unterminated quoted identifier"}
		}
		i += n
		if l.peek(i+1) != '"' {
			return lexeme{kind: QuotedIdent, start: start, end: i + 1}
		}
	}
}

// scanDollar reads $1, $tag$...$tag$, or a lone $.
func (l *lexer) scanDollar(start int) lexeme {
	i := start + 1
	if isDigit(l.peek(i)) {
		for isDigit(l.peek(i)) {
			i++
		}
		return lexeme{kind: Param, start: start, end: i}
	}
	if isWordStart(l.peek(i)) {
		for i < len(l.src) && isWordPart(l.src[i]) && l.src[i] != '$' {
			i++
		}
	}
	if l.peek(i) != '$' {
		return lexeme{kind: Op, start: start, end: start + 1}
	}
	i++
	delimiter := l.src[start:i]
	n := strings.Index(l.src[i:], delimiter)
	if n < 0 {
		return lexeme{kind: String, start: start, open: "unterminated dollar-quoted string"}
	}
	return lexeme{kind: String, start: start, end: i + n + len(delimiter)}
}

func (l *lexer) lineEnd(start int) int {
	if n := strings.IndexAny(l.src[start:], "\n\r"); n >= 0 {
		return start + n
	}
	return len(l.src)
}

func (l *lexer) scanBlockComment(start int) lexeme {
	depth := 1
	for i := start + 2; i+1 < len(l.src); i++ {
		switch {
		case l.src[i] == '/' && l.src[i+1] == '*':
			depth++
			i++
		case l.src[i] == '*' && l.src[i+1] == '/':
			depth--
			i++
			if depth == 0 {
				return lexeme{kind: comment, start: start, end: i + 1}
			}
		}
	}
	return lexeme{kind: comment, start: start, open: "unterminated /* comment"}
}

func (l *lexer) numberEnd(start int) int {
	if l.src[start] == '0' {
		var valid func(byte) bool
		switch l.peek(start+1) | 0x20 {
		case 'x':
			valid = isHexDigit
		case 'o':
			valid = func(c byte) bool { return '0' <= c && c <= '7' }
		case 'b':
			valid = func(c byte) bool { return c == '0' || c == '1' }
		}
		if valid != nil {
			if end := l.digitsEnd(start+2, valid, true); end > start+2 {
				return end
			}
		}
	}
	end := l.digitsEnd(start, isDigit, false)
	if l.peek(end) == '.' && l.peek(end+1) != '.' {
		end = l.digitsEnd(end+1, isDigit, false)
	}
	if l.peek(end)|0x20 == 'e' {
		exponent := end + 1
		if c := l.peek(exponent); c == '+' || c == '-' {
			exponent++
		}
		if isDigit(l.peek(exponent)) {
			end = l.digitsEnd(exponent, isDigit, false)
		}
	}
	return end
}

// digitsEnd skips digits with single underscores between them, and before the first if lead is set.
func (l *lexer) digitsEnd(i int, valid func(byte) bool, lead bool) int {
	first := i
	for {
		switch {
		case valid(l.peek(i)):
			i++
		case l.peek(i) == '_' && (lead || i > first) && valid(l.peek(i+1)):
			i += 2
		default:
			return i
		}
	}
}

// opRun is a run of operator characters up to a comment, which may contain several operators. It is cached while they
// are read, because a long +++++ would otherwise take quadratic time.
type opRun struct {
	end   int // offset past the run
	free  int // offset of the last character that allows an operator to end in + or -
	solid int // offset of the last character other than + and -
}

// opEnd ends a multi-character operator before a trailing + or -, unless it contains one of the characters that no SQL
// operator has: =- is two operators, ?- is one.
func (l *lexer) opEnd(start int) int {
	if start >= l.run.end {
		l.run = l.readOpRun(start)
	}
	switch r := l.run; {
	case r.solid == r.end-1, r.free >= start:
		return r.end
	default:
		return max(start, r.solid) + 1
	}
}

func (l *lexer) readOpRun(start int) opRun {
	r := opRun{free: -1, solid: -1}
	i := start
	for ; i < len(l.src) && isOp(l.src[i]); i++ {
		c, next := l.src[i], l.peek(i+1)
		if c == '-' && next == '-' || c == '/' && next == '*' {
			break
		}
		if c != '+' && c != '-' {
			r.solid = i
		}
		if strings.IndexByte("~!@#^&|`?%", c) >= 0 {
			r.free = i
		}
	}
	r.end = i
	return r
}

// Classes of bytes, as a bit set. A table, because the lexer classifies every byte.
const (
	space = 1 << iota
	digit
	wordStart
	wordPart
	operator
)

var classes = func() (t [256]uint8) {
	for c := range t {
		switch c := byte(c); {
		case c == ' ', '\t' <= c && c <= '\r':
			t[c] = space
		case '0' <= c && c <= '9':
			t[c] = digit | wordPart
		case 'a' <= c|0x20 && c|0x20 <= 'z', c == '_', c >= utf8.RuneSelf:
			t[c] = wordStart | wordPart
		case c == '$':
			t[c] = wordPart
		case strings.IndexByte("~!@#^&|`?+-*/%<>=", c) >= 0:
			t[c] = operator
		}
	}
	return t
}()

func isSpace(c byte) bool     { return classes[c]&space != 0 }
func isDigit(c byte) bool     { return classes[c]&digit != 0 }
func isWordStart(c byte) bool { return classes[c]&wordStart != 0 }
func isWordPart(c byte) bool  { return classes[c]&wordPart != 0 }
func isOp(c byte) bool        { return classes[c]&operator != 0 }
func isHexDigit(c byte) bool  { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
