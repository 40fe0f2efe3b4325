package migration

import (
	"fmt"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Misread is a file that the stock Atlas CLI would split into other statements than PostgreSQL.
type Misread struct {
	Pos pgsql.Pos // of the first statement that Atlas would read otherwise
	Msg string
}

// Misread tells whether the stock Atlas CLI would run other statements than PostgreSQL's rules make of the file: its scanner
// takes a semicolon in the comment on a last line without line end for one, ends nested comments too early, knows no escapes in
// E” strings, and so on. Both the scanner of Atlas's PostgreSQL driver and the generic one, which older CLIs use, are tried.
func (f *File) Misread() (Misread, bool) {
	for _, opts := range []migrate.ScannerOptions{
		{MatchBegin: true, MatchBeginAtomic: true, MatchDollarQuote: true, EscapedStringExt: true},
		{MatchBeginAtomic: true, MatchDollarQuote: true},
	} {
		scanned, err := (&migrate.Scanner{ScannerOptions: opts}).Scan(f.SQL)
		if err != nil {
			return Misread{Pos: f.posOf(0), Msg: fmt.Sprintf("the stock Atlas CLI cannot split this file: %v", err)}, true
		}
		i := 0
		for _, s := range scanned {
			text := tokens(s.Text)
			if text == "" {
				continue // a comment or a lone semicolon
			}
			if i >= len(f.Stmts) {
				return Misread{
					Pos: position(f.SQL, s.Pos),
					Msg: fmt.Sprintf("the stock Atlas CLI would run a further statement, which PostgreSQL does not see: %s", abbreviate(s.Text)),
				}, true
			}
			if text != tokens(f.Stmts[i].Text) {
				return Misread{
					Pos: f.posOf(i),
					Msg: fmt.Sprintf("the stock Atlas CLI would run another statement here: %s", abbreviate(s.Text)),
				}, true
			}
			i++
		}
		if i < len(f.Stmts) {
			return Misread{
				Pos: f.posOf(i),
				Msg: fmt.Sprintf("the stock Atlas CLI would not run this statement: %s", abbreviate(f.Stmts[i].Text)),
			}, true
		}
	}
	return Misread{}, false
}

func (f *File) posOf(stmt int) pgsql.Pos {
	if stmt < 0 || stmt >= len(f.Stmts) {
		return pgsql.Pos{Line: 1, Col: 1}
	}
	return f.Stmts[stmt].Pos
}

// position is where the byte at offset stands.
func position(text string, offset int) pgsql.Pos {
	return pgsql.Pos{Line: 1, Col: 1}.After(text[:min(max(offset, 0), len(text))])
}

// tokens is a statement's text without white space, comments and closing semicolons. A byte order mark counts.
func tokens(stmt string) string {
	var b strings.Builder
	for _, t := range pgsql.Tokens(stmt) {
		b.WriteString(t.Text)
		b.WriteByte(0)
	}
	text := b.String()
	for strings.HasSuffix(text, ";\x00") {
		text = strings.TrimSuffix(text, ";\x00")
	}
	if strings.HasPrefix(stmt, byteOrderMark) {
		return byteOrderMark + text
	}
	return text
}
