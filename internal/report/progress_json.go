package report

import (
	"context"
	"log/slog"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// logJSON writes an entry as an object with time, level, msg and the entry's own fields. Durations are in milliseconds.
func logJSON(l *slog.Logger, e migrator.LogEntry) {
	stmt := func(n, total int, text string) slog.Attr {
		return slog.Group("statement", "n", n, "total", total, "text", firstLine(text))
	}
	file := func(name, version, revision string, down bool) []any {
		return []any{"file", name, "version", version, "revision", revision, "down", down}
	}
	switch e := e.(type) {
	case migrator.LogWait:
		l.Info("waiting for another session that is migrating this database", "pid", e.Holder.PID, "user", e.Holder.User,
			"application", e.Holder.Application, "client", e.Holder.Client, "waited_ms", ms(e.Waited))
	case migrator.LogBlocked:
		l.Warn("waiting for other sessions' locks", "blockers", blockers(e.Blockers), "waited_ms", ms(e.Waited))
	case migrator.LogBuilding:
		l.Info("waiting for a session that is building the index", "index", e.Index, "pid", e.PID)
	case migrator.LogDisk:
		l.Warn("free disk space is unknown", "need_bytes", e.Need, "tablespace", e.Tablespace, "statement", e.Stmt)
	case migrator.LogSettled:
		l.Info("the record was repaired", "why", pgsql.Redact(e.Note))
	case migrator.LogDrift:
		texts := make([]string, len(e.Differences))
		for i, d := range differences(e.Differences) {
			texts[i] = d.Text
		}
		l.Warn("the database has drifted from its version", "differences", texts)
	case migrator.LogPlan:
		l.Info("begin", "files", len(e.Files), "down", e.Down)
	case migrator.LogFile:
		args := append(file(e.File.Name, e.File.Version, e.File.Revision, e.Down), "skipped", e.Skipped, "total", e.Total)
		if e.Batch.Pass > 0 {
			args = append(args, slog.Group("batch", "changed", e.Batch.Changed, "next", e.Batch.Where()))
		}
		l.Info("file", args...)
	case migrator.LogStmt:
		l.Info("statement", stmt(e.N, e.Total, e.Stmt.Text))
	case migrator.LogProgress:
		args := []any{stmt(e.N, e.Total, e.Stmt.Text), "elapsed_ms", ms(e.Elapsed)}
		if e.Phase != "" {
			args = append(args, "phase", e.Phase)
		}
		if e.Phase != "" || e.Done > 0 {
			args = append(args, "done", e.Done, "of", e.Of, "unit", e.Unit)
		}
		l.Info("progress", args...)
	case migrator.LogBatch:
		args := []any{stmt(e.N, e.Total, e.Stmt.Text), "elapsed_ms", ms(e.Elapsed), "batches", e.Batches, "size", e.Size,
			"pass", e.Pass, "walked", e.Walked, "changed", e.Changed, "rows_per_second", int64(e.Rate)}
		var of, left any // null if unknown
		if e.Of >= 0 {
			of = e.Of
		}
		if d, ok := e.Left(); ok {
			left = ms(d)
		}
		l.Info("batches", append(args, "of", of, "left_ms", left)...)
	case migrator.LogPace:
		args := []any{"reason", e.Reason, "table", e.Table, "waited_ms", ms(e.Waited), "sessions", blockers(e.Others)}
		if e.Reason == migrator.PaceReplicas {
			args = append(args, "lag_ms", ms(e.Lag))
		}
		what := map[migrator.Pace]string{
			migrator.PaceVacuum: "batches wait for VACUUM", migrator.PaceReplicas: "batches wait for a replica",
			migrator.PaceSnapshot: "a snapshot keeps the dead rows of batches",
		}
		l.Warn(what[e.Reason], args...)
	case migrator.LogStmtDone:
		l.Info("statement done", stmt(e.N, e.Total, e.Stmt.Text), "elapsed_ms", ms(e.Elapsed), "known", e.Known)
	case migrator.LogFileDone:
		l.Info("file done", append(file(e.File.Name, e.File.Version, e.File.Revision, e.Down), "elapsed_ms", ms(e.Elapsed))...)
	case migrator.LogStopped:
		l.Error("file stopped", append(file(e.File.Name, e.File.Version, e.File.Revision, e.Down), "error", errorText(e.Err))...)
	case migrator.LogRetry:
		l.Warn("retrying", "what", e.What, "error", errorText(e.Err), "blockers", blockers(e.Blockers), "after_ms", ms(e.After))
	case migrator.LogRebuild:
		l.Warn("dropping and rebuilding an INVALID index", "index", e.Index)
	case migrator.LogMend:
		l.Warn("INVALID index", "index", e.Index, "next", e.Next)
	case migrator.LogUnsupported:
		l.Warn("the server's version is out of support", "version", e.Version, "since", e.Since)
	case migrator.LogNotice:
		level := slog.LevelInfo
		if e.Severity == "WARNING" {
			level = slog.LevelWarn
		}
		l.Log(context.Background(), level, "notice", "severity", e.Severity, "text", pgsql.Redact(e.Message))
	}
}

func ms(d time.Duration) int64 { return d.Milliseconds() }

// blocker is a migrator.Blocker in JSON.
type blocker struct {
	PID         int      `json:"pid"` // 0: a prepared transaction
	User        string   `json:"user"`
	Application string   `json:"application"`
	Kind        string   `json:"kind"`
	State       string   `json:"state"`
	Query       string   `json:"query"`
	Age         int64    `json:"age_ms"`             // of its transaction; 0 if unknown
	Hidden      bool     `json:"hidden,omitempty"`   // our role may not see state, query and age
	Prepared    []string `json:"prepared,omitempty"` // ids of prepared transactions
	Copying     string   `json:"copying,omitempty"`
}

func blockers(all []migrator.Blocker) []blocker {
	out := make([]blocker, len(all))
	for i, b := range all {
		out[i] = blocker{
			PID: b.PID, User: b.User, Application: b.Application, Kind: b.Kind, State: b.State, Query: b.ShownQuery(), Age: ms(b.Age),
			Hidden: b.Hidden, Prepared: b.Prepared,
		}
		if b.Copying != nil {
			out[i].Copying = b.Copying.String()
		}
	}
	return out
}
