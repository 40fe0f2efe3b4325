package report

import (
	"io"
	"os"

	"golang.org/x/term"
)

// A Style sets words off with a terminal's colours. The zero value leaves them plain.
type Style struct{ colored bool }

// StyleFor is the style for a writer: coloured if it is a terminal, NO_COLOR is unset or
// empty, and TERM is not "dumb".
func StyleFor(w io.Writer, lookup func(string) (string, bool)) Style {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return Style{}
	}
	if v, _ := lookup("NO_COLOR"); v != "" {
		return Style{}
	}
	if v, _ := lookup("TERM"); v == "dumb" {
		return Style{}
	}
	return Style{colored: true}
}

func (s Style) good(text string) string   { return s.paint("32", text) }
func (s Style) bad(text string) string    { return s.paint("31", text) }
func (s Style) warn(text string) string   { return s.paint("33", text) }
func (s Style) faint(text string) string  { return s.paint("2", text) }
func (s Style) strong(text string) string { return s.paint("1", text) }

func (s Style) paint(code, text string) string {
	if !s.colored || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
