package report

import (
	"io"
	"os"

	"golang.org/x/term"
)

// A style highlights words with a terminal's colors. The zero value leaves them plain.
type style struct{ colored bool }

// styleFor returns the style for a writer: colored if it is a terminal, NO_COLOR is unset or empty, and TERM isn't
// "dumb".
func styleFor(w io.Writer, lookup func(string) (string, bool)) style {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return style{}
	}
	if v, _ := lookup("NO_COLOR"); v != "" {
		return style{}
	}
	if v, _ := lookup("TERM"); v == "dumb" {
		return style{}
	}
	return style{colored: true}
}

func (s style) good(text safe) safe   { return s.paint("32", text) }
func (s style) bad(text safe) safe    { return s.paint("31", text) }
func (s style) warn(text safe) safe   { return s.paint("33", text) }
func (s style) faint(text safe) safe  { return s.paint("2", text) }
func (s style) strong(text safe) safe { return s.paint("1", text) }

func (s style) paint(code, text safe) safe {
	if !s.colored || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
