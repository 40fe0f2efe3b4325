package pgsql

import "strings"

// A Name is an object's name as PostgreSQL reads it: folded, unquoted and truncated. Schema may be empty.
type Name struct{ Schema, Name string }

func (n Name) String() string { return QualifiedIdent(n.Schema, n.Name) }

// Words are consecutive tokens, such as those of an action or an expression.
//
// Most keywords of PostgreSQL can also be names. So check for a keyword only at the position that the grammar gives it,
// and search only for reserved ones, such as WHERE.
type Words []Token

// At returns the i-th token: a keyword in upper case, punctuation or a number. It returns "" if the token is quoted,
// follows a dot, or doesn't exist.
func (w Words) At(i int) string {
	if i < 0 || i >= len(w) {
		return ""
	}
	switch w[i].Kind {
	case Word:
		if i > 0 && w[i-1].Kind == Op && w[i-1].Text == "." {
			return ""
		}
		return strings.ToUpper(w[i].Text)
	case Op, Number:
		return w[i].Text
	}
	return ""
}

// Starts reports whether seq are the tokens from the i-th on.
func (w Words) Starts(i int, seq ...string) bool {
	for j, s := range seq {
		if w.At(i+j) != s {
			return false
		}
	}
	return true
}

// Find returns the index of a reserved word, or of a sequence with one, outside parentheses, from the i-th token on, or
// -1.
func (w Words) Find(i int, seq ...string) int {
	for depth := 0; i < len(w); i++ {
		if depth == 0 && w.Starts(i, seq...) {
			return i
		}
		depth += deeper(w.At(i))
	}
	return -1
}

// Anywhere reports whether w contains a reserved word, or a sequence with one, even inside parentheses.
func (w Words) Anywhere(seq ...string) bool {
	for i := range w {
		if w.Starts(i, seq...) {
			return true
		}
	}
	return false
}

// Ident reads an identifier at i and returns where it ends.
func (w Words) Ident(i int) (name string, next int, ok bool) {
	if i < 0 || i >= len(w) || w[i].Kind != Word && w[i].Kind != QuotedIdent {
		return "", i, false
	}
	if w.At(i+1) == "UESCAPE" && i+2 < len(w) && w[i+2].Kind == String {
		return identifier(w[i].Text, escapeOf(w[i+2].Text)), i + 3, true
	}
	return identifier(w[i].Text, '\\'), i + 1, true
}

// Name reads an object's name at i and returns where it ends.
func (w Words) Name(i int) (n Name, next int, ok bool) {
	for {
		name, next, ok := w.Ident(i)
		if n.Schema, n.Name = n.Name, name; !ok || w.At(next) != "." {
			return n, next, ok
		}
		i = next + 1
	}
}

// Split splits the tokens at the commas outside parentheses.
func (w Words) Split() []Words {
	var parts []Words
	start, depth := 0, 0
	for i := range w {
		depth += deeper(w.At(i))
		if depth == 0 && w.At(i) == "," {
			parts = append(parts, w[start:i])
			start = i + 1
		}
	}
	return append(parts, w[start:])
}

// In returns the part of text from which the words were read.
func (w Words) In(text string) string {
	if len(w) == 0 {
		return ""
	}
	last := w[len(w)-1]
	return text[w[0].Pos.Offset : last.Pos.Offset+len(last.Text)]
}

// deeper returns by how much a token changes the depth of parentheses.
func deeper(token string) int {
	switch token {
	case "(", "[":
		return 1
	case ")", "]":
		return -1
	}
	return 0
}
