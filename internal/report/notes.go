package report

import (
	"fmt"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
)

// Notes says in a line each what lint knows of the statement of a file that begins
// at the byte offset pos: its locks and work on tables that were there before, and
// what was found. What was found of the file as a whole is of its first statement.
func Notes(f lint.FileReport, pos int, first bool) []string {
	var notes []string
	for _, s := range f.Statements {
		if s.Pos != pos {
			continue
		}
		for _, e := range s.Effects {
			var what []string
			if e.Lock != "" {
				what = append(what, fmt.Sprintf("takes %s on %s, which stops %s", lockWords(e.Lock), e.Table, blocks(e.Lock)))
			}
			switch {
			case e.Rewritten:
				what = append(what, "rewrites all rows of "+e.Table)
			case e.Scanned:
				what = append(what, "reads all rows of "+e.Table)
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
