package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// A Stream is standard output, standard error or a file for results. All output goes through its methods, which ensure
// that foreign text does no harm.
type Stream struct {
	w      io.Writer
	style  style
	runner bool       // GitHub's runner reads it
	width  func() int // of the terminal; nil: not a terminal
	stored bool       // a file, which nobody reads while it is written
}

// NewStream returns a Stream to w, which may be a terminal or read by the runner of GitHub Actions. lookup reads the
// environment.
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

// unread drops what is written after a pipe's reader has gone. The exit code still says how the command ended.
type unread struct{ io.Writer }

func (u unread) Write(b []byte) (int, error) {
	n, err := u.Writer.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		return len(b), nil
	}
	return n, err
}

// ForRunner declares that GitHub's runner reads the stream, whatever the environment says.
func (s *Stream) ForRunner() { s.runner = true }

// Say writes a line for people. Arguments may have several lines. Write errors are dropped.
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

// Error returns an error's text for a caller that writes it to the stream itself, after its own words.
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

// End writes how a command ended as an object, with LOG_FORMAT=json in the environment that lookup reads. Otherwise it
// returns false: text says it elsewhere.
func (s *Stream) End(lookup func(string) (string, bool), err error, code int) bool {
	if v, _ := lookup("LOG_FORMAT"); v != "json" {
		return false
	}
	log := s.logger()
	if err == nil {
		log.Info("done", "exit", code)
	} else {
		log.Error("failed", "exit", code, "error", s.Error(err))
	}
	return true
}

// logger returns a logger that writes objects.
func (s *Stream) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(s.jsonWriter(), nil)) }

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

// exact writes what programs read unchanged, such as a script or a URL. A terminal gets it escaped like other text. If
// GitHub's runner would find a command in it, nothing is written.
func (s *Stream) exact(what, text string) error {
	switch {
	case s.width != nil:
		text = words.Visible(strings.ReplaceAll(text, "\r\n", "\n"), "\n\t")
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

// command matches what the runner obeys, after leading white space. A cast at the start of a line doesn't match.
var command = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^::[a-z-]+( .*)?::`) })

// isCommand reports whether GitHub's runner obeys a line.
func isCommand(line string) bool {
	return strings.Contains(line, "##[") || command().MatchString(strings.TrimLeftFunc(line, unicode.IsSpace))
}

// json writes a value, indented, since people read it too.
func (s *Stream) json(v any) error {
	enc := json.NewEncoder(s.jsonWriter())
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}

// jsonWriter takes a whole JSON value per call, and writes it so that it means the same and does no harm where it is
// shown.
func (s *Stream) jsonWriter() io.Writer { return jsonWriter{s.w} }

type jsonWriter struct{ w io.Writer }

func (j jsonWriter) Write(text []byte) (int, error) {
	if _, err := j.w.Write(visibleJSON(text)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// visibleJSON escapes invisible characters in JSON, and what GitHub's runner would obey. No line of JSON begins with
// ::, since no string spans lines.
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

// rewrite replaces the last line on a terminal.
func (s *Stream) rewrite(text safe) {
	_, _ = fmt.Fprintf(s.w, "\r\x1b[K%s", text)
}
