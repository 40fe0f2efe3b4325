package report

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// slow is from how long on a file or a statement is worth a line of its own.
const slow = time.Second

// Progress is a migrator.Logger that tells a person who waits, or a pipeline's log, what
// happens. It is meant for stderr; errors of writing are dropped, since a closed terminal is
// no reason to stop a migration. Where nothing happens, it writes nothing.
//
// On a terminal a statement that takes long has one line that is rewritten as it goes on;
// elsewhere every line begins with its time. As JSON, each is an object of log/slog.
type Progress struct {
	to    *Stream
	now   func() time.Time
	json  *slog.Logger // nil: text
	width func() int   // of the terminal on which a line is rewritten; nil: none is
	live  bool         // a line is there to be rewritten
	files int          // of the run
	n     int          // the current one, from 1
	phase string       // of the statement, as it was told last
	told  time.Duration
}

// NewProgress returns a Progress that writes to a stream: JSON if the command's result is JSON, or
// if LOG_FORMAT is "json"; else text.
func NewProgress(to *Stream, f Format, lookup func(string) (string, bool)) *Progress {
	p := &Progress{to: to, now: time.Now}
	if v, _ := lookup("LOG_FORMAT"); f == JSON || v == "json" {
		p.json = slog.New(slog.NewJSONHandler(to.jsonWriter(), nil))
		return p
	}
	if v, _ := lookup("TERM"); v != "dumb" {
		p.width = to.width
	}
	return p
}

// Log writes a line, or nothing, for what happens.
func (p *Progress) Log(e migrator.LogEntry) {
	if p.json != nil {
		logJSON(p.json, e)
		return
	}
	switch e := e.(type) {
	case migrator.LogWait:
		if e.Waited < slow {
			p.printf("waiting for another session that migrates this database: %s", e.Holder)
		} else {
			p.printf("still waiting after %s: %s", short(e.Waited), e.Holder)
		}
	case migrator.LogBlocked:
		for _, b := range e.Blockers {
			p.printf("   %s", p.to.style.warn(sprintf("waiting for %s, for %s", b, short(e.Waited))))
		}
	case migrator.LogBuilding:
		p.printf("waiting for pid %d, which builds index %s", e.PID, e.Index)
	case migrator.LogDisk:
		p.printf("%s", p.to.style.warn(sprintf("what is to be built takes %.1f GB of disk in tablespace %s at least, most of it for %s; how much is free can't be seen from here", float64(e.Need)/(1<<30), e.Tablespace, e.Stmt)))
	case migrator.LogSettled:
		p.printf("%s", e.Note)
	case migrator.LogPlan:
		p.files, p.n = len(e.Files), 0
	case migrator.LogFile:
		p.n++
		arrow := "->"
		if e.Down {
			arrow = "<-"
		}
		text := sprintf("%s %d/%d %s", arrow, p.n, p.files, p.to.style.strong(line(fileTitle(e.File))))
		if e.Skipped > 0 {
			text += sprintf(", goes on after statement %d of %d", e.Skipped, e.Total)
		}
		p.printf("%s", text)
	case migrator.LogStmt:
		p.phase, p.told = "", 0
	case migrator.LogProgress:
		p.progress(e)
	case migrator.LogStmtDone:
		p.clear()
		switch {
		case e.Known:
			p.printf("   statement %d of %d was done before: %s", e.N, e.Total, firstLine(e.Stmt.Text))
		case e.Elapsed >= slow && e.Total > 1:
			p.printf("   statement %d of %d took %s: %s", e.N, e.Total, short(e.Elapsed), firstLine(e.Stmt.Text))
		}
	case migrator.LogFileDone:
		p.clear()
		if e.Elapsed >= slow {
			p.printf("   %s", p.to.style.faint(sprintf("done in %s", short(e.Elapsed))))
		}
	case migrator.LogStopped:
		p.clear()
	case migrator.LogRetry:
		by := safe("")
		for i, b := range e.Blockers {
			if by = sprintf(", blocked by %s", b); i > 0 {
				by = sprintf(", blocked by %d sessions", len(e.Blockers))
			}
		}
		what, why := e.What, e.Err.Error()
		var failed *migrator.StmtError
		if errors.As(e.Err, &failed) {
			what, why = fmt.Sprintf("%s:%d", failed.File, failed.Pos.Line), failed.Reason()
		}
		p.printf("   %s", p.to.style.warn(sprintf("%s gave way (%s%s), next try in %s", what, why, by, short(e.After))))
	case migrator.LogRebuild:
		p.printf("   %s", p.to.style.warn(sprintf("index %s is INVALID, left by an interrupted build: dropping it to build it again", e.Index)))
	case migrator.LogMend:
		does := "building it again"
		if e.Next == migrator.NextDrop {
			does = "REINDEX has left it: dropping it"
		}
		p.printf("%s", p.to.style.warn(sprintf("index %s is INVALID: %s", e.Index, does)))
	case migrator.LogNotice:
		p.printf("   %s: %s", e.Severity, lines(e.Message, "   "))
	}
}

// progress shows how far a statement has come: on the terminal's line each time, elsewhere
// when it enters another phase, and now and then.
func (p *Progress) progress(e migrator.LogProgress) {
	text := sprintf("statement %d of %d, %s", e.N, e.Total, short(e.Elapsed))
	if e.Phase != "" {
		text += sprintf(": %s", e.Phase)
	}
	if e.Of > 0 {
		text += sprintf(" %d %% (%d of %d %s)", 100*e.Done/e.Of, e.Done, e.Of, e.Unit)
	}
	text += sprintf(": %s", firstLine(e.Stmt.Text))
	if p.width != nil {
		p.to.rewrite(p.to.style.faint("   " + text.cut(p.width()-1-len("   "))))
		p.live = true
		return
	}
	const first, then = 10 * time.Second, 30 * time.Second
	due := e.Elapsed-p.told >= then || p.told == 0 && e.Elapsed >= first
	if !due && (e.Phase == p.phase || p.phase == "" && p.told == 0 && e.Elapsed < first/2) {
		return
	}
	p.phase, p.told = e.Phase, e.Elapsed
	p.printf("   %s", text)
}

// clear takes the line that is rewritten away.
func (p *Progress) clear() {
	if p.live {
		p.to.rewrite("")
		p.live = false
	}
}

func (p *Progress) printf(format string, args ...any) {
	p.clear()
	var b page
	if p.width == nil {
		b.printf("%s ", p.now().UTC().Format(time.RFC3339))
	}
	b.put(sprintf(format, args...), "\n")
	_ = p.to.page(&b)
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

// firstLine is the beginning of a statement, on one line, without passwords.
func firstLine(sql string) string {
	const most = 100
	return pgsql.OneLine(sql, most)
}
