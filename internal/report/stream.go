package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/term"
)

// A Stream is standard output, standard error or a file that results go to. All output leaves by
// one of its methods, which see to it that text from elsewhere does no harm.
type Stream struct {
	w      io.Writer
	style  style
	runner bool       // GitHub's runner reads it
	width  func() int // of the terminal; nil: it is none
	stored bool       // it is a file: nobody reads it while it is written
}

// NewStream returns a Stream to w, which may be a terminal, or be read by the runner of GitHub
// Actions. lookup reads the environment.
func NewStream(w io.Writer, lookup func(string) (string, bool)) *Stream {
	s := &Stream{w: w, style: styleFor(w, lookup)}
	actions, _ := lookup("GITHUB_ACTIONS")
	s.runner = actions == "true"
	f, ok := w.(*os.File)
	if !ok {
		return s
	}
	if info, err := f.Stat(); err == nil {
		s.stored = info.Mode().IsRegular()
	}
	s.w = unread{f}
	if term.IsTerminal(int(f.Fd())) {
		s.width = func() int {
			if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
				return width
			}
			return 80
		}
	}
	return s
}

// unread drops what is written once the reader of a pipe has gone away: the exit code says how the command ended, read or not.
type unread struct{ io.Writer }

func (u unread) Write(b []byte) (int, error) {
	n, err := u.Writer.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		return len(b), nil
	}
	return n, err
}

// ForRunner says that GitHub's runner reads the stream, whatever the environment says.
func (s *Stream) ForRunner() { s.runner = true }

// Say writes a line for people. What the arguments print may have several lines. As nobody can be
// told, an error of writing is dropped.
func (s *Stream) Say(format string, args ...any) {
	for i, arg := range args {
		if !isNumber(arg) {
			args[i] = lines(fmt.Sprint(arg), "  ")
		}
	}
	var p page
	p.put(source(string(sprintf(format, args...))), "\n") // the format is a caller's
	_ = s.page(&p)
}

// Error is an error's text as somebody else writes it to the stream, after words of his own.
func (s *Stream) Error(err error) string {
	all := strings.Split(string(lines(err.Error(), "")), "\n")
	for i, l := range all {
		if i > 0 && l != "" && !strings.HasPrefix(l, "  ") {
			all[i] = "  " + l
		}
	}
	text := strings.Join(all, "\n")
	if s.runner {
		text = disarm(text)
	}
	return text
}

// page writes text.
func (s *Stream) page(p *page) error {
	if _, err := io.WriteString(s.w, p.text(s.runner)); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// document writes Markdown.
func (s *Stream) document(d *document) error {
	if _, err := io.WriteString(s.w, d.b.String()); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// exact writes what programs read, as it is: a script, or a URL. On a terminal it is shown as
// other text. Where GitHub's runner would find a command in it, nothing is written.
func (s *Stream) exact(what, text string) error {
	switch {
	case s.width != nil:
		text = visible(strings.ReplaceAll(text, "\r\n", "\n"), "\n\t")
	case s.runner && !s.stored:
		for i, l := range strings.Split(strings.ReplaceAll(text, "\r", "\n"), "\n") {
			if isCommand(l) {
				return fmt.Errorf("line %d of %s is a command to GitHub's runner, which reads this output: write it to a file (> FILE)", i+1, what)
			}
		}
	}
	if _, err := io.WriteString(s.w, text); err != nil {
		return fmt.Errorf("writing %s: %w", what, err)
	}
	return nil
}

// command is what the runner obeys, its white space before it aside. A cast at a line's start is no command.
var command = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^::[a-z-]+( .*)?::`) })

// isCommand reports whether GitHub's runner obeys a line.
func isCommand(line string) bool {
	return strings.Contains(line, "##[") || command().MatchString(strings.TrimLeftFunc(line, unicode.IsSpace))
}

// json writes a value, indented: people read it, too.
func (s *Stream) json(v any) error {
	enc := json.NewEncoder(s.jsonWriter())
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}

// jsonWriter takes JSON, a whole value a call, and writes it so that it means the same and does no
// harm where it is shown.
func (s *Stream) jsonWriter() io.Writer { return jsonWriter{s.w} }

type jsonWriter struct{ w io.Writer }

func (j jsonWriter) Write(text []byte) (int, error) {
	if _, err := j.w.Write(visibleJSON(text)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// visibleJSON escapes in JSON what shows nothing of itself, and what GitHub's runner would obey
// (in JSON no line begins with ::, since no string goes over several).
func visibleJSON(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("##["), []byte(`#\u0023[`))
	var b []byte
	end := 0
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if !unicode.IsGraphic(r) && r != '\n' && r != '\t' {
			b = append(b, text[end:i]...)
			if r > 0xFFFF {
				high, low := utf16.EncodeRune(r)
				b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
			} else {
				b = fmt.Appendf(b, `\u%04x`, r)
			}
			end = i + n
		}
		i += n
	}
	return append(b, text[end:]...)
}

// rewrite writes the line that is rewritten as time goes on; done takes it away. Both are for terminals.
func (s *Stream) rewrite(text safe) {
	_, _ = fmt.Fprintf(s.w, "\r\x1b[K%s", text)
}
