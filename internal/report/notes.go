package report

import (
	"fmt"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
)

// Notes describes, a line each, the statement of a file that begins at the byte offset pos: its locks and work on
// tables that existed before, and its findings. Findings of the file as a whole belong to the first statement.
func Notes(f lint.FileReport, pos int, first bool) []string {
	var notes []string
	for _, s := range f.Statements {
		if s.Pos != pos {
			continue
		}
		for _, e := range s.Effects {
			if e.Weak() {
				continue
			}
			var what []string
			if e.Lock != "" {
				what = append(what, fmt.Sprintf("takes %s on %s, which blocks %s", lint.LockWords(e.Lock), e.Table, lint.Blocks(e.Lock)))
			}
			if lint.Stronger(e.Held, e.Lock) {
				what = append(what, fmt.Sprintf("an earlier statement holds %s on %s, which blocks %s", lint.LockWords(e.Held), e.Table, lint.Blocks(e.Held)))
			}
			if work := e.Work(e.Table); work != "" {
				what = append(what, work)
			}
			notes = append(notes, string(line(oneLine(strings.Join(what, "; ")))))
		}
	}
	for _, d := range f.Diagnostics {
		if d.Line != 0 && d.Pos == pos || d.Line == 0 && first {
			notes = append(notes, string(line(oneLine(fmt.Sprintf("%s %s %s: %s", d.Severity, d.Code, d.Name, d.Text)))))
		}
	}
	return notes
}
