// Package pgsql reads SQL text by PostgreSQL's own lexical rules.
package pgsql

import "fmt"

// Comment is a comment, with its -- or /* */.
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

// SyntaxError is a text that has no statement bounds.
type SyntaxError struct {
	Pos Pos
	Msg string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%d:%d: %s", e.Pos.Line, e.Pos.Col, e.Msg) }

// Split cuts src into its statements. Every error is a [*SyntaxError].
func Split(src string) ([]Stmt, error) { return nil, nil }
