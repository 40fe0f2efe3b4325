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
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// slow is how long a file or a statement takes to be worth a line of its own.
const slow = time.Second

// Progress is a migrator.Logger that shows what happens to somebody who waits, or in a pipeline's log. It is meant for
// stderr. Write errors are dropped, since a closed terminal must not stop a migration. When nothing happens, it
// writes nothing.
//
// On a terminal, a slow statement has one line that is rewritten as it proceeds. Elsewhere every line begins with the
// time. As JSON, each entry is an object of log/slog.
type Progress struct {
	to    *Stream
	now   func() time.Time
	json  *slog.Logger // nil: text
	width func() int   // of the terminal on which a line is rewritten; nil: no terminal
	live  bool         // the last line will be rewritten
	files int          // of the run
	n     int          // the current file, from 1
	// phase and shown are the statement's phase and duration in the last line about it.
	phase string
	shown time.Duration
	// batch is the last entry about the statement's batches, and batchShown its duration in the last line about them.
	batch      migrator.LogBatch
	batchShown time.Duration
}

// NewProgress returns a Progress that writes to a stream: JSON if the command's result is JSON or LOG_FORMAT is "json",
// otherwise text.
func NewProgress(to *Stream, f Format, lookup func(string) (string, bool)) *Progress {
	p := &Progress{to: to, now: time.Now}
	if v, _ := lookup("LOG_FORMAT"); f == JSON || v == "json" {
		p.json = to.logger()
		return p
	}
	if v, _ := lookup("TERM"); v != "dumb" {
		p.width = to.width
	}
	return p
}

// Log writes a line for an entry, or nothing.
func (p *Progress) Log(e migrator.LogEntry) {
	if p.json != nil {
		logJSON(p.json, e)
		return
	}
	switch e := e.(type) {
	case migrator.LogWait:
		if e.Waited < slow {
			p.printf("waiting for another session that is migrating this database: %s", e.Holder)
		} else {
			p.printf("still waiting after %s: %s", short(e.Waited), e.Holder)
		}
	case migrator.LogBlocked:
		for _, b := range e.Blockers {
			p.printf("   %s", p.to.style.warn(sprintf("waiting %s for %s", short(e.Waited), b)))
		}
	case migrator.LogPace:
		p.pace(e)
	case migrator.LogBuilding:
		p.printf("waiting for pid %d, which is building index %s", e.PID, e.Index)
	case migrator.LogDisk:
		p.printf("%s", p.to.style.warn(sprintf("this needs at least %.1f GB of disk in tablespace %s, most of it for %s; how much is free is unknown here", float64(e.Need)/(1<<30), e.Tablespace, e.Stmt)))
	case migrator.LogSettled:
		p.printf("%s", e.Note)
	case migrator.LogDrift:
		more := safe("")
		if n := len(e.Differences) - 1; n > 0 {
			more = sprintf(", and %d more", n)
		}
		p.printf("%s", p.to.style.warn(sprintf("the database has drifted from its version (`drift` lists all differences): %s%s", oneLine(e.Differences[0].Text), more)))
	case migrator.LogPlan:
		p.files, p.n = len(e.Files), 0
	case migrator.LogFile:
		p.n++
		arrow := "->"
		if e.Down {
			arrow = "<-"
		}
		text := sprintf("%s %d/%d %s", arrow, p.n, p.files, p.to.style.strong(line(fileTitle(e.File))))
		switch {
		case e.Batch.Pass > 0:
			text += sprintf(", resuming statement %d of %d %s, %s rows changed so far", e.Skipped+1, e.Total, e.Batch.Where(), words.Thousands(e.Batch.Changed))
		case e.Skipped > 0:
			text += sprintf(", resuming after statement %d of %d", e.Skipped, e.Total)
		}
		p.printf("%s", text)
	case migrator.LogStmt:
		p.phase, p.shown = "", 0
		p.batch, p.batchShown = migrator.LogBatch{}, 0
	case migrator.LogProgress:
		p.progress(e)
	case migrator.LogBatch:
		p.batches(e)
	case migrator.LogStmtDone:
		p.clear()
		switch {
		case e.Known:
			p.printf("   statement %d of %d is already done: %s", e.N, e.Total, firstLine(e.Stmt.Text))
		case e.Elapsed >= slow && p.batch.Batches > 0:
			p.printf("   statement %d of %d took %s, %s rows changed: %s", e.N, e.Total, short(e.Elapsed), words.Thousands(p.batch.Changed), firstLine(e.Stmt.Text))
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
		p.printf("   %s", p.to.style.warn(sprintf("%s: %s%s; retrying in %s", what, why, by, short(e.After))))
	case migrator.LogRebuild:
		p.printf("   %s", p.to.style.warn(sprintf("index %s is INVALID, left by an interrupted build: dropping and rebuilding it", e.Index)))
	case migrator.LogMend:
		repair := "rebuilding it"
		if e.Next == migrator.NextDrop {
			repair = "REINDEX left it: dropping it"
		}
		p.printf("%s", p.to.style.warn(sprintf("index %s is INVALID: %s", e.Index, repair)))
	case migrator.LogUnsupported:
		p.printf("%s", p.to.style.warn(sprintf("PostgreSQL %s has been out of support since %s", e.Version, e.Since)))
	case migrator.LogNotice:
		p.printf("   %s: %s", e.Severity, lines(e.Message, "   "))
	}
}

// progress shows a statement's progress: on a terminal each time, elsewhere when the phase changes and periodically.
func (p *Progress) progress(e migrator.LogProgress) {
	text := sprintf("statement %d of %d, %s", e.N, e.Total, short(e.Elapsed))
	if e.Phase != "" {
		text += sprintf(": %s", e.Phase)
	}
	switch {
	case e.Of > 0:
		text += sprintf(" %d %% (%d of %d %s)", 100*e.Done/e.Of, e.Done, e.Of, e.Unit)
	case e.Done > 0:
		text += sprintf(", %d %s", e.Done, e.Unit)
	}
	text += sprintf(": %s", firstLine(e.Stmt.Text))
	if p.rewrite(text) || !due(e.Elapsed, p.shown) && (e.Phase == p.phase || p.phase == "" && p.shown == 0 && e.Elapsed < firstAfter/2) {
		return
	}
	p.phase, p.shown = e.Phase, e.Elapsed
	p.printf("   %s", text)
}

// batches shows how far a statement's batches have come: on a terminal each time, elsewhere after the first batch and
// periodically.
func (p *Progress) batches(e migrator.LogBatch) {
	first := p.batch.Batches == 0
	p.batch = e
	of := sprintf("%s rows (total unknown before ANALYZE)", words.Thousands(e.Walked))
	switch {
	case e.Walked > e.Of && e.Of >= 0:
		of = sprintf("%s rows, more than the %s that PostgreSQL estimates", words.Thousands(e.Walked), words.Thousands(e.Of))
	case e.Of >= 0:
		of = sprintf("%s of about %s rows (%d %%)", words.Thousands(e.Walked), words.Thousands(e.Of), 100*e.Walked/max(e.Of, 1))
	}
	text := sprintf("statement %d of %d: pass %d, %s, %s changed, %s rows/s", e.N, e.Total, e.Pass, of, words.Thousands(e.Changed), words.Thousands(int64(e.Rate)))
	if left, ok := e.Left(); ok {
		text += sprintf(", %s left", about(left))
		if e.Repeats {
			text += " in this pass"
		}
	}
	text += sprintf(": %s", firstLine(e.Stmt.Text))
	if e.Batches == 0 || p.rewrite(text) || !first && !due(e.Elapsed, p.batchShown) {
		return
	}
	p.phase, p.shown = "", 0
	if !first {
		p.batchShown = e.Elapsed
	}
	p.printf("   %s", text)
}

// pace says what batches wait for.
func (p *Progress) pace(e migrator.LogPace) {
	text := safe("")
	for i, b := range e.Others {
		if i > 0 {
			text += "; "
		}
		text += sprintf("%s", b)
	}
	switch e.Reason {
	case migrator.PaceVacuum:
		text = sprintf("waiting %s for VACUUM of %s: %s", short(e.Waited), e.Table, text)
	case migrator.PaceReplicas:
		text = sprintf("waiting %s for a replica, which lags %s", short(e.Waited), short(e.Lag))
	case migrator.PaceSnapshot:
		text = sprintf("an old snapshot keeps the dead rows of %s, so the table grows; end the transaction of %s", e.Table, text)
	}
	p.printf("   %s", p.to.style.warn(text))
}

// Elsewhere than on a terminal, a statement has a line after firstAfter, and then one each thenEvery.
const firstAfter, thenEvery = 10 * time.Second, 30 * time.Second

// due reports whether a statement's next periodic line is due. shown is when it had the last one, 0 if it had none.
func due(elapsed, shown time.Duration) bool {
	return elapsed-shown >= thenEvery || shown == 0 && elapsed >= firstAfter
}

// rewrite shows a text as the line that is rewritten, and reports whether there is a terminal for it.
func (p *Progress) rewrite(text safe) bool {
	if p.width == nil {
		return false
	}
	p.to.rewrite(p.to.style.faint("   " + text.cut(p.width()-1-len("   "))))
	p.live = true
	return true
}

// about returns an estimated duration for people: "9 s", "2m10s".
func about(d time.Duration) string {
	if d = d.Round(time.Second); d < time.Minute {
		return fmt.Sprintf("%d s", d/time.Second)
	}
	return d.String()
}

// clear removes the line that is being rewritten.
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

// fileTitle returns a migration's name, with its revision id if that isn't its version.
func fileTitle(f *migration.File) string {
	name := strings.TrimSuffix(f.Name, ".sql")
	if f.Revision == f.Version {
		return name
	}
	return name + " (" + f.Revision + ")"
}

// short returns a duration for people: "12 ms", "3.4 s", "2m10s".
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// firstLine returns the beginning of a statement, on one line, without passwords.
func firstLine(sql string) string {
	const most = 100
	return pgsql.OneLine(sql, most)
}
