package report

import (
	"strings"
	"unicode/utf8"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A listing is a file's text, to be shown with parts of it underlined.
type listing struct {
	text  string
	stmts []pgsql.Stmt
}

func newListing(text string) listing {
	stmts, _ := pgsql.Split(text) // without statements, lines are shown
	return listing{text, stmts}
}

// A span is a part of a text, by byte offsets. It is empty if there is nothing to show.
type span struct{ start, end int }

// span returns what a finding is about: its statement, or the token at its position if that is within a statement, or
// the rest of its line.
func (s listing) span(d lint.Diagnostic) span {
	if d.Line == 0 || d.Pos > len(s.text) || s.text == "" {
		return span{}
	}
	if d.Pos == 0 && d.Line > 1 || d.Col == 0 {
		return s.line(d.Line, d.Col)
	}
	for _, stmt := range s.stmts {
		switch {
		case d.Pos == stmt.Pos.Offset:
			return span{d.Pos, stmt.End}
		case d.Pos > stmt.Pos.Offset && d.Pos < stmt.End:
			if tokens := pgsql.Tokens(s.text[d.Pos:stmt.End]); len(tokens) > 0 {
				return span{d.Pos, d.Pos + tokens[0].Pos.Offset + len(tokens[0].Text)}
			}
		}
	}
	return s.line(d.Line, d.Col)
}

// line returns the rest of a line from a column, both counted from 1.
func (s listing) line(line, col int) span {
	start := 0
	for range line - 1 {
		next := strings.IndexByte(s.text[start:], '\n')
		if next < 0 {
			return span{}
		}
		start += next + 1
	}
	end := len(s.text)
	if n := strings.IndexByte(s.text[start:], '\n'); n >= 0 {
		end = start + n
	}
	for range col - 1 {
		if start < end {
			_, size := utf8.DecodeRuneInString(s.text[start:end])
			start += size
		}
	}
	return span{start, start + len(strings.TrimRight(s.text[start:end], " \t\r"))}
}

// excerpt shows the lines of a span, underlined. Long spans are cut.
func (s listing) excerpt(at span, style style) safe {
	const most, width = 6, 110 // lines, characters
	first := strings.LastIndexByte(s.text[:at.start], '\n') + 1
	number := 1 + strings.Count(s.text[:first], "\n")
	var b page
	for n, pos := 0, first; pos < at.end; n++ {
		end := len(s.text)
		if i := strings.IndexByte(s.text[pos:], '\n'); i >= 0 {
			end = pos + i
		}
		if n == most {
			b.printf("      | ... %s more\n", plural(1+strings.Count(s.text[pos:at.end], "\n"), "line"))
			break
		}
		text := strings.TrimRight(s.text[pos:end], " \t\r")
		from, to := max(at.start-pos, 0), min(at.end-pos, len(text))
		if from < to { // not the indentation
			from = to - len(strings.TrimLeft(text[from:to], " \t"))
		}
		b.printf("%5d | %s\n", number+n, source(cut(text, width)))
		if from < to {
			// Escaped characters are as wide as their escapes.
			before, under := string(source(text[:from])), string(source(text[from:to]))
			marks := []rune(blank(before) + strings.Repeat("^", utf8.RuneCountInString(under)))
			b.put("      | ", style.bad(source(strings.TrimRight(string(marks[:min(width, len(marks))]), " \t"))), "\n")
		}
		pos = end + 1
	}
	return b.safe()
}

// blank returns white space as wide as the text, tabs included.
func blank(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, text)
}

// cut shortens a text to a number of characters.
func cut(text string, width int) string {
	if runes := []rune(text); len(runes) > width {
		return string(runes[:width]) + "..."
	}
	return text
}
