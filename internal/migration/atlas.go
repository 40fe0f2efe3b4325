package migration

import (
	"fmt"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Misread is a file that the stock Atlas CLI would split into different statements than PostgreSQL.
type Misread struct {
	Pos pgsql.Pos // of the first statement that Atlas would read differently
	Msg string
}

// Misread reports whether the stock Atlas CLI would run different statements than PostgreSQL's rules make of the file.
// Its scanner splits at a semicolon in a comment on an unterminated last line, ends nested comments too early, doesn't
// know the escapes in E'...' strings, and so on. Both the scanner of Atlas's PostgreSQL driver and the generic one,
// which older CLIs use, are tried.
func (f *File) Misread() (Misread, bool) {
	for _, opts := range []migrate.ScannerOptions{
		{MatchBegin: true, MatchBeginAtomic: true, MatchDollarQuote: true, EscapedStringExt: true},
		{MatchBeginAtomic: true, MatchDollarQuote: true},
	} {
		scanned, err := (&migrate.Scanner{ScannerOptions: opts}).Scan(f.SQL)
		if err != nil {
			return Misread{Pos: f.posOf(0), Msg: fmt.Sprintf("the stock Atlas CLI can't split this file: %v", err)}, true
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
					Msg: fmt.Sprintf("the stock Atlas CLI would run another statement, which PostgreSQL doesn't see: %s", abbreviate(s.Text)),
				}, true
			}
			if text != tokens(f.Stmts[i].Text) {
				return Misread{
					Pos: f.posOf(i),
					Msg: fmt.Sprintf("the stock Atlas CLI would run a different statement here: %s", abbreviate(s.Text)),
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

// position converts an offset.
func position(text string, offset int) pgsql.Pos {
	return pgsql.Pos{Line: 1, Col: 1}.After(text[:min(max(offset, 0), len(text))])
}

// tokens returns a statement's text without white space, comments and closing semicolons. A byte order mark is kept.
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
