// Package pgsql reads SQL text by PostgreSQL's lexical rules. It splits a script into statements, parses what matters
// of a statement, decides how it may be run, masks passwords, and quotes names and strings. It only knows the text, not
// the database.
//
// The rules are those of PostgreSQL's scanner (src/backend/parser/scan.l) with standard_conforming_strings on, and
// statements end where its grammar ends them: a script that the server's parser accepts is split in the same way. psql
// is different. The package doesn't support psql's backslash commands, :variables, and the data after COPY ... FROM
// STDIN. And psql, which works line by line without a grammar, misses the end of a routine that contains the name
// "begin" or "end", and forgets that backslashes are escapes when an E'...' string continues on the next line.
package pgsql

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Comment is a comment, including -- or /* */. The text of a line comment doesn't include the newline.
type Comment struct {
	Text string
	Pos  Pos
}

// Stmt is one statement of a source text.
type Stmt struct {
	Text     string    // source from the first token to the last, without the semicolon
	Pos      Pos       // of the first token
	End      int       // byte offset just past the last token
	Comments []Comment // between the previous statement's last token and this one's first
}

// SyntaxError is a lexical error, or an unclosed construct, in a text.
type SyntaxError struct {
	Pos Pos // of the unclosed construct or the invalid character
	Msg string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%d:%d: %s", e.Pos.Line, e.Pos.Col, e.Msg)
}

// Split splits src into its statements in linear time. It omits empty statements and skips a byte order mark at the
// start. Every error is a [*SyntaxError]: an unclosed quote, comment, parenthesis or BEGIN ATOMIC, a NUL character, or
// invalid UTF-8.
func Split(src string) ([]Stmt, error) {
	if err := checkCharacters(src); err != nil {
		return nil, err
	}
	var (
		stmts   []Stmt
		pending []Comment
		nest    = newNesting()
		inside  bool
		l, c    = newLexer(src), newCursor(src)
	)
	for {
		x := l.next()
		if x.open != "" {
			return nil, syntaxError(src, x.start, x.open)
		}
		switch x.kind {
		case 0:
			if err := nest.unclosed(src); err != nil {
				return nil, err
			}
			for i, s := range stmts {
				stmts[i].Text = src[s.Pos.Offset:s.End]
			}
			return stmts, nil
		case comment:
			pending = append(pending, Comment{src[x.start:x.end], c.at(x.start)})
			continue
		}
		if nest.ends(x, src[x.start:x.end]) {
			inside = false
			continue
		}
		if !inside {
			stmts = append(stmts, Stmt{Pos: c.at(x.start), Comments: pending})
			inside = true
		}
		pending = nil
		stmts[len(stmts)-1].End = x.end
	}
}

func syntaxError(src string, offset int, msg string) *SyntaxError {
	c := newCursor(src)
	return &SyntaxError{c.at(offset), msg}
}

// checkCharacters refuses texts that can't be sent to a server.
func checkCharacters(src string) error {
	nul := strings.IndexByte(src, 0)
	if nul < 0 && utf8.ValidString(src) {
		return nil
	}
	for i, r := range src {
		if r == 0 {
			return syntaxError(src, i, "NUL character: save the file as text in UTF-8")
		}
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(src[i:]); n == 1 {
				return syntaxError(src, i, fmt.Sprintf("invalid UTF-8: byte 0x%02x: save the file in UTF-8", src[i]))
			}
		}
	}
	return nil
}

// nesting decides which semicolons end a statement: those outside parentheses (CREATE RULE ... DO (a; b)) and outside
// the body of a routine (BEGIN ATOMIC a; b; END).
type nesting struct {
	scopes []scope // the script, then each open body, the innermost last
}

// scope is a list of statements: the script, or a routine's body.
type scope struct {
	begin  int // offset of a body's BEGIN
	head   head
	fresh  bool // whether the next token is a statement's first
	parens int
	paren  int // offset of the outermost open parenthesis
	word   int // offset of the last token if it was BEGIN, or -1
}

// head is how much of the start of a CREATE FUNCTION or PROCEDURE has been read.
type head int

const (
	headNothing head = iota
	headCreate       // CREATE
	headOr           // CREATE OR
	headReplace      // CREATE OR REPLACE
	headRoutine      // CREATE [OR REPLACE] {FUNCTION | PROCEDURE}: it may have a body
)

func newNesting() *nesting { return &nesting{scopes: []scope{{fresh: true, word: -1}}} }

// ends reads the next token and reports whether it is a semicolon that ends a statement of the script.
func (n *nesting) ends(x lexeme, text string) bool {
	s := &n.scopes[len(n.scopes)-1]
	begin := s.word
	s.word = -1
	fresh := s.fresh
	s.fresh = false
	if x.kind != Word {
		s.head = s.head.after("")
		switch text {
		case "(":
			if s.parens == 0 {
				s.paren = x.start
			}
			s.parens++
		case ")":
			s.parens = max(0, s.parens-1)
		case ";":
			if s.parens == 0 {
				s.head, s.fresh = headNothing, true
				return len(n.scopes) == 1
			}
		}
		return false
	}
	if fresh {
		// No statement begins with END in a body: the grammar has that synonym of COMMIT at the top level only.
		if len(n.scopes) > 1 && isWord(text, "END") {
			n.scopes = n.scopes[:len(n.scopes)-1]
			return false
		}
		if isWord(text, "CREATE") {
			s.head = headCreate
		}
		return false
	}
	if s.head != headRoutine {
		s.head = s.head.after(text)
		return false
	}
	if s.parens > 0 {
		return false
	}
	switch {
	case isWord(text, "BEGIN"):
		s.word = x.start
	case begin >= 0 && isWord(text, "ATOMIC"):
		n.scopes = append(n.scopes, scope{begin: begin, fresh: true, word: -1})
	}
	return false
}

func (h head) after(text string) head {
	switch {
	case h == headRoutine:
		return h
	case h == headCreate && isWord(text, "OR"):
		return headOr
	case h == headOr && isWord(text, "REPLACE"):
		return headReplace
	case h == headCreate || h == headReplace:
		if isWord(text, "FUNCTION") || isWord(text, "PROCEDURE") {
			return headRoutine
		}
	}
	return headNothing
}

// unclosed returns an error if the text may not end here.
func (n *nesting) unclosed(src string) error {
	switch s := n.scopes[len(n.scopes)-1]; {
	case s.parens > 0:
		return syntaxError(src, s.paren, "unclosed parenthesis")
	case len(n.scopes) > 1:
		return syntaxError(src, s.begin, "BEGIN ATOMIC without END")
	}
	return nil
}

// isWord compares a word with an upper-case keyword. Like PostgreSQL, it folds only ASCII letters.
func isWord(text, keyword string) bool {
	if len(text) != len(keyword) {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != keyword[i] {
			return false
		}
	}
	return true
}
