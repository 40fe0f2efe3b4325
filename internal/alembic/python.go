package alembic

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A token is a lexical element of Python source, except comments.
type token struct {
	kind tokenKind
	text string // as in the source; of a text its value
	line int
}

type tokenKind int

const (
	name     tokenKind = iota
	text               // a string literal whose value is known
	dynamic            // a string literal whose value isn't: an f-string, or one of bytes
	operator           // anything else, one character each
)

// A statement is a simple statement, or the first line of a compound one, that isn't indented.
type statement []token

// statements returns the statements of a module that aren't indented. It knows Python's lexical rules as far as they
// decide where statements and literals begin and end.
func statements(src string) ([]statement, error) {
	src = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(src, "\uFEFF"))
	l := lexer{src: src, line: 1}
	var all []statement
	var current statement
	indented, begins := false, true // of the current line
	end := func() {
		if len(current) > 0 && !indented {
			all = append(all, current)
		}
		current = nil
	}
	for depth := 0; l.at < len(l.src); {
		switch c := l.src[l.at]; {
		case c == '\n':
			l.at++
			l.line++
			if depth == 0 {
				end()
				indented, begins = false, true
			}
			continue
		case c == '#':
			if n := strings.IndexByte(l.src[l.at:], '\n'); n >= 0 {
				l.at += n
			} else {
				l.at = len(l.src)
			}
			continue
		case c == ' ' || c == '\t' || c == '\f':
			l.at++
			if begins {
				indented = true
			}
			continue
		case c == '\\':
			l.at++ // the next line continues this one
			if l.at < len(l.src) && l.src[l.at] == '\n' {
				l.at++
				l.line++
			}
			continue
		case c == ';' && depth == 0:
			l.at++
			end()
			continue
		}
		begins = false
		t, err := l.token()
		if err != nil {
			return nil, err
		}
		if t.kind == operator {
			switch t.text {
			case "(", "[", "{":
				depth++
			case ")", "]", "}":
				depth = max(0, depth-1)
			}
		}
		current = append(current, t)
	}
	end()
	return all, nil
}

// A lexer reads tokens from a source.
type lexer struct {
	src  string
	at   int
	line int
}

func (l *lexer) token() (token, error) {
	rest := l.src[l.at:]
	n := strings.IndexFunc(rest, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if n < 0 {
		n = len(rest)
	}
	if n < len(rest) && (rest[n] == '\'' || rest[n] == '"') && isPrefix(rest[:n]) {
		return l.literal(strings.ToLower(rest[:n]))
	}
	if n > 0 {
		l.at += n
		return token{name, rest[:n], l.line}, nil
	}
	_, n = utf8.DecodeRuneInString(rest)
	l.at += n
	return token{operator, rest[:n], l.line}, nil
}

// isPrefix reports whether a word is a prefix of a string literal.
func isPrefix(word string) bool {
	switch strings.ToLower(word) {
	case "", "r", "u", "b", "f", "t", "br", "rb", "fr", "rf", "tr", "rt":
		return true
	}
	return false
}

// literal reads a string literal with a prefix in lower case.
func (l *lexer) literal(prefix string) (token, error) {
	t := token{text, "", l.line}
	l.at += len(prefix)
	quote := l.src[l.at : l.at+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(l.src[l.at:], triple) {
		quote = triple
	}
	l.at += len(quote)
	start := l.at
	for ; !strings.HasPrefix(l.src[l.at:], quote); l.at++ {
		if l.at < len(l.src) && l.src[l.at] == '\\' {
			l.at++
		}
		if l.at >= len(l.src) || len(quote) == 1 && l.src[l.at] == '\n' && l.src[l.at-1] != '\\' {
			return t, &sourceError{t.line, "a string isn't closed"}
		}
		if l.src[l.at] == '\n' {
			l.line++
		}
	}
	t.text = l.src[start:l.at]
	l.at += len(quote)
	if strings.ContainsAny(prefix, "bt") || strings.Contains(prefix, "f") && strings.ContainsAny(t.text, "{}") {
		t.kind = dynamic
		return t, nil
	}
	if !strings.Contains(prefix, "r") && strings.Contains(t.text, `\`) {
		value, ok := unescape(t.text)
		if !ok {
			t.kind = dynamic
		}
		t.text = value
	}
	return t, nil
}

// unescape returns the value of a literal. It doesn't know the names of characters.
func unescape(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		digits, base := 0, 16
		switch c := s[i]; c {
		case '\n':
			continue
		case '\\', '\'', '"':
			b.WriteByte(c)
			continue
		case 'a', 'b', 'f', 'n', 'r', 't', 'v':
			b.WriteByte("\a\b\f\n\r\t\v"[strings.IndexByte("abfnrtv", c)])
			continue
		case 'x':
			digits = 2
		case 'u':
			digits = 4
		case 'U':
			digits = 8
		case 'N':
			return "", false
		default:
			if c < '0' || c > '7' {
				b.WriteString(s[i-1 : i+1])
				continue
			}
			for base = 8; digits < 3 && i+digits < len(s) && '0' <= s[i+digits] && s[i+digits] <= '7'; {
				digits++
			}
			i--
		}
		if i+1+digits > len(s) {
			return "", false
		}
		r, err := strconv.ParseUint(s[i+1:i+1+digits], base, 32)
		if err != nil {
			return "", false
		}
		b.WriteRune(rune(r))
		i += digits
	}
	return b.String(), true
}

// A sourceError means that a source can't be read without running it.
type sourceError struct {
	line int
	msg  string
}

func (e *sourceError) Error() string { return fmt.Sprintf("%d: %s", e.line, e.msg) }

// assigned returns the tokens of the value that the statement assigns to a name, and that name: "" for other
// statements.
func (s statement) assigned() (to string, value []token) {
	if len(s) < 2 || s[0].kind != name || s[1].kind != operator {
		return "", nil
	}
	i := 1
	if s[i].text == ":" { // an annotation
		for depth := 0; i < len(s); i++ {
			if s[i].kind != operator {
				continue
			}
			switch s[i].text {
			case "(", "[", "{":
				depth++
			case ")", "]", "}":
				depth--
			}
			if depth == 0 && s[i].text == "=" {
				break
			}
		}
	}
	if i >= len(s) || s[i].text != "=" || i+1 < len(s) && s[i+1].kind == operator && s[i+1].text == "=" {
		return "", nil
	}
	return s[0].text, s[i+1:]
}

// words returns the strings of a value: one, those of a tuple or list, or none for None. ok is false for other values.
func words(value []token) (list []string, ok bool) {
	is := func(i int, op string) bool {
		return i < len(value) && value[i].kind == operator && value[i].text == op
	}
	if len(value) == 1 && value[0].kind == name && value[0].text == "None" {
		return nil, true
	}
	closing := map[string]string{"(": ")", "[": "]"}
	open := len(value) > 1 && value[0].kind == operator && closing[value[0].text] != ""
	if open {
		if !is(len(value)-1, closing[value[0].text]) {
			return nil, false
		}
		if len(value) == 3 && value[1].kind == name && value[1].text == "None" && is(0, "(") {
			return nil, true
		}
		value = value[1 : len(value)-1]
	}
	for i := 0; i < len(value); i++ {
		if value[i].kind != text {
			return nil, false
		}
		word := ""
		for ; i < len(value) && value[i].kind == text; i++ { // literals side by side are one
			word += value[i].text
		}
		list = append(list, word)
		if i < len(value) && !is(i, ",") {
			return nil, false
		}
	}
	return list, len(list) > 0 || open
}
