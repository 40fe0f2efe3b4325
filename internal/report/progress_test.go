package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

func TestProgress(t *testing.T) {
	f := files(t)
	var out bytes.Buffer
	p := NewProgress(NewStream(&out, noEnv), Text, noEnv)
	p.now = func() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) }
	for _, e := range []migrator.LogEntry{
		migrator.LogWait{Holder: migrator.Holder{PID: 7, User: "ibutsu", Application: "ibutsu-schema"}},
		migrator.LogWait{Holder: migrator.Holder{PID: 7}, Waited: 90 * time.Second},
		migrator.LogUnsupported{Version: "12.22", Since: "November 2024"},
		migrator.LogSettled{Note: "alembic_version is settled"},
		migrator.LogDrift{Differences: []catalog.Difference{{Text: "runs.created is nullable; the migrations say NOT NULL"}}},
		migrator.LogDrift{Differences: make([]catalog.Difference, 3)},
		migrator.LogPlan{Files: f},
		migrator.LogFile{File: f[0], Total: 1},
		migrator.LogStmt{Stmt: f[0].Stmts[0], N: 1, Total: 1},
		migrator.LogNotice{Severity: "NOTICE", Message: "5000 runs done\nof 10000"},
		migrator.LogStmtDone{Stmt: f[0].Stmts[0], N: 1, Total: 1, Elapsed: 5 * time.Second},
		migrator.LogFileDone{File: f[0], Elapsed: 5 * time.Second},
		migrator.LogFile{File: f[1], Skipped: 1, Total: 2},
		migrator.LogStmtDone{Stmt: f[1].Stmts[0], N: 1, Total: 2, Known: true},
		migrator.LogRetry{What: f[1].Name, Err: errors.New("lock timeout"), After: 300 * time.Millisecond},
		migrator.LogRetry{What: f[1].Name, Err: &migrator.StmtError{
			File: f[1].Name, Pos: f[1].Stmts[1].Pos, Stmt: f[1].Stmts[1].Text, N: 2, Total: 2, State: "1 of the file's 2 statements are done and stay",
			Err: &pgconn.PgError{Message: "canceling statement due to lock timeout", Code: "55P03"},
		}, Blockers: []migrator.Blocker{{PID: 8, User: "app", State: "idle in transaction"}}, After: 300 * time.Millisecond},
		migrator.LogStmtDone{Stmt: f[1].Stmts[1], N: 2, Total: 2, Elapsed: 61 * time.Second},
		migrator.LogFileDone{File: f[1], Elapsed: 10 * time.Millisecond},
		migrator.LogFile{File: f[2], Total: 1},
		migrator.LogBuilding{Index: "public.i", PID: 9},
		migrator.LogRebuild{Index: "public.i"},
		migrator.LogMend{Index: "public.i", Next: migrator.NextBuild},
		migrator.LogMend{Index: "public.i_ccnew", Next: migrator.NextDrop},
		migrator.LogStmt{Stmt: f[2].Stmts[0], N: 1, Total: 1},
		migrator.LogBatch{Stmt: f[2].Stmts[0], N: 1, Total: 1, Elapsed: 100 * time.Millisecond, Batches: 1, Pass: 1, Walked: 8500, Of: 2_000_000, Changed: 40, Rate: 85_000},
		migrator.LogPace{Reason: migrator.PaceVacuum, Table: "public.runs", Others: []migrator.Blocker{{PID: 10, Kind: "autovacuum worker", Query: "autovacuum: VACUUM public.runs"}}},
		migrator.LogPace{Reason: migrator.PaceReplicas, Table: "public.runs", Waited: 10 * time.Second, Lag: 12 * time.Second},
		migrator.LogPace{Reason: migrator.PaceSnapshot, Table: "public.runs", Others: []migrator.Blocker{{PID: 11, User: "app", State: "idle in transaction", Age: time.Hour}}},
		migrator.LogBatch{Stmt: f[2].Stmts[0], N: 1, Total: 1, Elapsed: 15 * time.Second, Batches: 200, Pass: 2, Repeats: true, Walked: 1_250_000, Of: 2_000_000, Changed: 400_000, Rate: 85_000},
		migrator.LogBatch{Stmt: f[2].Stmts[0], N: 1, Total: 1, Elapsed: 16 * time.Second, Batches: 210, Pass: 2, Walked: 1_350_000, Of: 2_000_000},
		migrator.LogBatch{Stmt: f[2].Stmts[0], N: 1, Total: 1, Elapsed: 45 * time.Second, Batches: 400, Pass: 3, Walked: 2_000_001, Of: 2_000_000, Changed: 500_000, Rate: 85_000},
		migrator.LogBatch{Stmt: f[2].Stmts[0], N: 1, Total: 1, Elapsed: 75 * time.Second, Batches: 500, Pass: 3, Walked: 2_100_000, Of: -1, Changed: 500_000, Rate: 85_000},
		migrator.LogStmtDone{Stmt: f[2].Stmts[0], N: 1, Total: 1, Elapsed: 80 * time.Second},
		migrator.LogStmt{Stmt: f[2].Stmts[0], N: 1, Total: 1},
		migrator.LogStmtDone{Stmt: f[2].Stmts[0], N: 1, Total: 1, Elapsed: 80 * time.Second},
		migrator.LogPlan{Files: f[:1], Down: true},
		migrator.LogFile{File: f[0], Down: true, Total: 1},
		migrator.LogFile{File: f[0], Down: true, Total: 1, Batch: note},
	} {
		p.Log(e)
	}
	golden(t, "progress.txt", out.String())
}

// note is how far batches have come.
var note, _ = batch.ParseNote(`batch {"key": ["a", "b"], "pass": 2, "phase": "walk", "after": ["7", "x y"], "changed": 1234567}`)

func noEnv(string) (string, bool) { return "", false }

func TestLiveProgress(t *testing.T) {
	f := files(t)
	var out bytes.Buffer
	p := NewProgress(NewStream(&out, noEnv), Text, noEnv)
	p.width = func() int { return 60 }
	stmt := migrator.LogProgress{Stmt: f[0].Stmts[0], N: 1, Total: 2, Elapsed: 3 * time.Second}
	p.Log(migrator.LogPlan{Files: f})
	p.Log(migrator.LogFile{File: f[0], Total: 2})
	p.Log(stmt)
	stmt.Elapsed, stmt.Phase, stmt.Done, stmt.Of, stmt.Unit = 4*time.Second, "building index: scanning table", 1, 4, "blocks"
	p.Log(stmt)
	p.Log(migrator.LogNotice{Severity: "NOTICE", Message: "half way"})
	p.Log(migrator.LogBatch{Stmt: f[0].Stmts[0], N: 1, Total: 2, Batches: 1, Pass: 1, Walked: 5, Of: 10})
	p.Log(stmt)
	p.Log(migrator.LogStopped{File: f[0], Err: errors.New("no")})
	got := strings.ReplaceAll(strings.ReplaceAll(out.String(), "\r\x1b[K", "<"), "\n", "|\n")
	if !strings.Contains(got, "|\n<   statement 1 of 2, 3.0 s: ") || !strings.Contains(got, "<   statement 1 of 2, 4.0 s: building index: scanning table <   NOTICE: half way|\n<   statement 1 of 2: pass 1, 5 of about 10 rows (50 %), 0 c<") || !strings.HasSuffix(got, "<") {
		t.Errorf("the terminal shows\n%s", got)
	}
	for line := range strings.SplitSeq(got, "<") {
		if len([]rune(line)) >= 60 && !strings.Contains(line, "|") {
			t.Errorf("a line breaks: %q", line)
		}
	}
}

func TestProgressElsewhere(t *testing.T) {
	f := files(t)
	var out bytes.Buffer
	p := NewProgress(NewStream(&out, noEnv), Text, noEnv)
	p.now = func() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) }
	p.Log(migrator.LogStmt{Stmt: f[0].Stmts[0], N: 1, Total: 1})
	for i := 1; i <= 100; i++ {
		e := migrator.LogProgress{Stmt: f[0].Stmts[0], N: 1, Total: 1, Elapsed: time.Duration(i) * time.Second}
		if i > 60 {
			e.Phase = "vacuuming heap"
		}
		p.Log(e)
	}
	var at []string
	for line := range strings.Lines(out.String()) {
		_, rest, _ := strings.Cut(line, "statement 1 of 1, ")
		word, _, _ := strings.Cut(rest, ":")
		at = append(at, word)
	}
	if d := cmp.Diff([]string{"10.0 s", "40.0 s", "1m1s", "1m31s"}, at); d != "" {
		t.Errorf("a line each at (-want +got):\n%s\n%s", d, out.String())
	}
}

func TestProgressAsJSON(t *testing.T) {
	f := files(t)
	for _, tt := range []struct {
		format Format
		lookup func(string) (string, bool)
	}{
		{JSON, noEnv},
		{Text, func(name string) (string, bool) { return "json", name == "LOG_FORMAT" }},
	} {
		var out bytes.Buffer
		p := NewProgress(NewStream(&out, tt.lookup), tt.format, tt.lookup)
		blocked := []migrator.Blocker{{
			PID: 8, User: "app", Application: "web", Kind: "client backend", State: "active", Query: "ALTER ROLE app\nPASSWORD 'x'", Age: 2 * time.Second,
		}}
		for _, e := range []migrator.LogEntry{
			migrator.LogWait{Holder: migrator.Holder{PID: 7}}, migrator.LogPlan{Files: f}, migrator.LogFile{File: f[0], Total: 1, Batch: note},
			migrator.LogStmt{Stmt: f[0].Stmts[0], N: 1, Total: 1}, migrator.LogBlocked{Blockers: blocked, Waited: time.Second},
			migrator.LogProgress{Stmt: f[0].Stmts[0], N: 1, Total: 1, Elapsed: time.Minute, Phase: "initializing"},
			migrator.LogProgress{Stmt: f[0].Stmts[0], N: 1, Total: 1, Elapsed: 2 * time.Minute, Done: 41, Unit: "commits"},
			migrator.LogStmtDone{Stmt: f[0].Stmts[0], N: 1, Total: 1}, migrator.LogFileDone{File: f[0]}, migrator.LogSettled{Note: "so"},
			migrator.LogRetry{What: "x", Err: errors.New("no"), Blockers: blocked}, migrator.LogRebuild{Index: "i"}, migrator.LogMend{Index: "i", Next: migrator.NextDrop}, migrator.LogBuilding{Index: "i"},
			migrator.LogUnsupported{Version: "12.22", Since: "November 2024"}, migrator.LogNotice{Severity: "WARNING", Message: "a\nb"}, migrator.LogStopped{File: f[0], Err: errors.New("no")},
			migrator.LogBatch{N: 1, Total: 2, Batches: 5, Pass: 2, Walked: 50, Of: 100, Changed: 7, Rate: 10, Size: 40}, migrator.LogBatch{N: 1, Total: 2, Of: -1, Rate: 10},
			migrator.LogPace{Reason: migrator.PaceVacuum, Others: blocked}, migrator.LogPace{Reason: migrator.PaceReplicas}, migrator.LogPace{Reason: migrator.PaceSnapshot},
		} {
			before := out.Len()
			p.Log(e)
			var got map[string]any
			if err := json.Unmarshal(out.Bytes()[before:], &got); err != nil || got["msg"] == "" || got["level"] == "" || got["time"] == "" {
				t.Errorf("%T gives %q, %v", e, out.Bytes()[before:], err)
			}
		}
		if n := strings.Count(out.String(), "\n"); n != 22 {
			t.Errorf("%d lines", n)
		}
		object := `"blockers":[{"pid":8,"user":"app","application":"web","kind":"client backend","state":"active","query":"ALTER ...","age_ms":2000}]`
		for _, want := range []string{
			`"statement":{"n":1,"total":2,"text":""},"elapsed_ms":0,"batches":5,"size":40,"pass":2,"walked":50,"changed":7,"rows_per_second":10,"of":100,"left_ms":5000}`,
			`"of":null,"left_ms":null}`, `"batch":{"changed":1234567,"next":"after 7, x y of pass 2"}}`,
		} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %s in\n%s", want, out.String())
			}
		}
		if n := strings.Count(strings.ReplaceAll(out.String(), `"sessions"`, `"blockers"`), object); n != 3 {
			t.Errorf("the blocker is shown %d times:\n%s", n, out.String())
		}
	}
}
