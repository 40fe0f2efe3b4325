package pgsql

// Pos is a place in a source text.
type Pos struct {
	Offset int // in bytes, from 0
	Line   int // from 1; a line ends with \n
	Col    int // in characters, from 1
}

// Kind is the lexical kind of a [Token].
type Kind int

const (
	Word        Kind = iota + 1 // an unquoted word, keywords included
	QuotedIdent                 // "x", U&"x"
	String                      // 'x', E'x', U&'x', B'x', X'x', N'x', $$x$$, with its continuations
	Number                      // 1, 1.5e-3, 0x1F, 1_000
	Param                       // $1
	Op                          // operators, punctuation, and any character that PostgreSQL would refuse
)

// Token is one lexical element as it stands in the source.
type Token struct {
	Kind Kind
	Text string
	Pos  Pos
}

// Tokens returns the tokens of src without white space and comments. A string
// or name that src leaves open extends to its end.
func Tokens(src string) []Token { return nil }
