package pgsql

import (
	"strconv"
	"strings"
)

// StringValue returns the value of a string constant, which may be dollar-quoted. It takes a backslash as the escape
// character of U&”.
func StringValue(text string) string {
	if strings.HasPrefix(text, "$") {
		if i := strings.IndexByte(text[1:], '$'); i >= 0 && len(text) >= 2*(i+2) {
			return text[i+2 : len(text)-i-2]
		}
		return text
	}
	prefix, _, ok := strings.Cut(text, "'")
	if !ok {
		return text
	}
	l := lexer{src: text}
	escapes := strings.EqualFold(prefix, "E")
	var b strings.Builder
	for i := len(prefix) + 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && escapes && i+1 < len(text):
			value, n := escaped(text[i+1:])
			b.WriteString(value)
			i += n
		case c != '\'':
			b.WriteByte(c)
		case l.peek(i+1) == '\'':
			b.WriteByte(c)
			i++
		default:
			if i = l.continuation(i + 1); i < 0 {
				i = len(text)
			}
		}
	}
	if strings.EqualFold(prefix, "U&") {
		return unescape(b.String(), '\\')
	}
	return b.String()
}

// escaped returns what the text after a backslash in E” begins with, and its length there.
func escaped(s string) (value string, n int) {
	digits := func(from, least, most, base int) (uint64, int) {
		for n := min(from+most, len(s)); n >= from+least; n-- {
			if code, err := strconv.ParseUint(s[from:n], base, 32); err == nil {
				return code, n
			}
		}
		return 0, 0
	}
	const octal, hexadecimal = 8, 16
	switch s[0] {
	case 'b', 'f', 'n', 'r', 't':
		return map[byte]string{'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t"}[s[0]], 1
	case 'x':
		if code, n := digits(1, 1, 2, hexadecimal); n > 0 {
			return string([]byte{byte(code)}), n
		}
	case 'u':
		if code, n := digits(1, 4, 4, hexadecimal); n > 0 {
			return string(rune(code)), n
		}
	case 'U':
		if code, n := digits(1, 8, 8, hexadecimal); n > 0 {
			return string(rune(code)), n
		}
	default:
		if code, n := digits(0, 1, 3, octal); n > 0 {
			return string([]byte{byte(code)}), n
		}
	}
	return s[:1], 1
}
