package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// slow is from how long on a file or a statement is worth a line of its own.
const slow = time.Second

// Progress is a migrator.Logger that writes a line for each thing that a person who waits
// wants to know. It is meant for stderr; errors of writing are dropped, since a closed
// terminal is no reason to stop a migration.
type Progress struct {
	w     io.Writer
	style Style
	files int // of the run
	n     int // the current one, from 1
}

// NewProgress returns a Progress that writes to w.
func NewProgress(w io.Writer, style Style) *Progress { return &Progress{w: w, style: style} }

// Log writes a line, or nothing, for what happens.
func (p *Progress) Log(e migrator.LogEntry) {
	switch e := e.(type) {
	case migrator.LogWait:
		if e.Waited < slow {
			p.line("waiting for another session that migrates this database: %s", e.Holder)
		} else {
			p.line("still waiting after %s: %s", short(e.Waited), e.Holder)
		}
	case migrator.LogBuilding:
		p.line("waiting for pid %d, which builds index %s", e.PID, e.Index)
	case migrator.LogSettled:
		p.line("%s", e.Note)
	case migrator.LogPlan:
		p.files, p.n = len(e.Files), 0
	case migrator.LogFile:
		p.n++
		arrow := "->"
		if e.Down {
			arrow = "<-"
		}
		text := fmt.Sprintf("%s %d/%d %s", arrow, p.n, p.files, p.style.strong(fileTitle(e.File)))
		if e.Skipped > 0 {
			text += fmt.Sprintf(", goes on after statement %d of %d", e.Skipped, e.Total)
		}
		p.line("%s", text)
	case migrator.LogStmtDone:
		switch {
		case e.Known:
			p.line("   statement %d of %d was done before: %s", e.N, e.Total, firstLine(e.Stmt.Text))
		case e.Elapsed >= slow && e.Total > 1:
			p.line("   statement %d of %d took %s: %s", e.N, e.Total, short(e.Elapsed), firstLine(e.Stmt.Text))
		}
	case migrator.LogFileDone:
		if e.Elapsed >= slow {
			p.line("   %s", p.style.faint("done in "+short(e.Elapsed)))
		}
	case migrator.LogRetry:
		p.line("   %s", p.style.warn(fmt.Sprintf("%s gave way (%v), next try in %s", e.What, e.Err, short(e.After))))
	case migrator.LogRebuild:
		p.line("   %s", p.style.warn("index "+e.Index+" is INVALID, left by an interrupted build: dropping it to build it again"))
	case migrator.LogNotice:
		p.line("   %s", indent(e.Severity+": "+e.Message, "   ")[3:])
	}
}

func (p *Progress) line(format string, args ...any) {
	fmt.Fprintf(p.w, format+"\n", args...)
}

// fileTitle is a migration's name, with its revision id if that is not its version.
func fileTitle(f *migration.File) string {
	name := strings.TrimSuffix(f.Name, ".sql")
	if f.Revision == f.Version {
		return name
	}
	return name + " (" + f.Revision + ")"
}

// short is a duration as people say it: "12 ms", "3.4 s", "2m10s".
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// firstLine is the beginning of a statement, on one line.
func firstLine(sql string) string {
	const most = 100
	line := []rune(oneLine(sql))
	if len(line) > most {
		return string(line[:most-3]) + "..."
	}
	return string(line)
}
