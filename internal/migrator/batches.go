package migrator

import (
	"context"
	"fmt"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// Batches says how statements run in batches. The zero value of each field stands for its default.
type Batches struct {
	Target  time.Duration // how long a batch should take; its size adapts. Default 500 ms.
	MinSize int           // rows. Default 100.
	MaxSize int           // rows. Default 100,000.

	// VacuumWait is how long in all a statement's batches wait while its table is vacuumed. Default 1 minute;
	// negative: not at all.
	VacuumWait time.Duration
	// OldSnapshot is the age from which a session is named whose snapshot keeps the rows that batches leave. Default 1
	// minute.
	OldSnapshot time.Duration
	// MaxReplicaLag is the largest lag of a replica with which batches go on. 0: replicas aren't looked at.
	MaxReplicaLag time.Duration
}

func (b Batches) withDefaults() Batches {
	if b.Target == 0 {
		b.Target = 500 * time.Millisecond
	}
	if b.MaxSize == 0 {
		b.MaxSize = max(100_000, b.MinSize)
	}
	if b.MinSize == 0 {
		b.MinSize = min(100, b.MaxSize)
	}
	if b.VacuumWait == 0 {
		b.VacuumWait = time.Minute
	}
	if b.OldSnapshot == 0 {
		b.OldSnapshot = time.Minute
	}
	return b
}

// firstSize is the size of the first batch, in rows.
const firstSize = 1000

// size returns how many rows the next batch has, after one of a size took a time.
func (b Batches) size(size int, took time.Duration) int {
	by := min(max(float64(b.Target)/float64(max(took, time.Millisecond)), 0.25), 2)
	return min(max(int(float64(size)*by), b.MinSize), b.MaxSize)
}

// batches runs a statement in batches, each in a transaction with the note of where to go on.
func (s *session) batches(ctx context.Context, st *step, fr *FileRun, u runner.Unit, b *batch.Batch) error {
	i, cfg := u.First, s.m.cfg.Batches
	stmt := LogStmt{Stmt: st.stmts[i], N: i + 1, Total: len(st.stmts)}
	s.log(stmt)
	if err := s.utf8(); err != nil {
		return s.fail(ctx, st, i, err)
	}
	w, err := b.Resolve(ctx, s.conn)
	if err != nil {
		return s.fail(ctx, st, i, err)
	}
	start := time.Now()
	p := &pace{s: s, w: w, since: start}
	progress := LogBatch{Stmt: stmt.Stmt, N: stmt.N, Total: stmt.Total, Of: int64(w.Rows), Size: b.Size, Repeats: w.Repeats()}
	if b.Size == 0 {
		progress.Size = min(max(firstSize, cfg.MinSize), cfg.MaxSize)
	}
	var rows int64
	var shown time.Time
	show := func() {
		progress.Pass, progress.Walked, progress.Changed = st.batch.Pass, st.batch.Walked, st.batch.Changed
		progress.Elapsed = time.Since(start)
		progress.Rate = float64(rows) / max(progress.Elapsed.Seconds(), 0.001)
		s.log(progress)
		shown = time.Now()
	}
	for {
		if ctx.Err() != nil {
			return s.fail(ctx, st, i, context.Cause(ctx))
		}
		var step batch.Step
		began := time.Now()
		err := s.retry(ctx, st.name, func() (err error) {
			began = time.Now()
			if step, err = s.batch(ctx, st, fr, u, w, progress.Size); givesWay(err) && b.Size == 0 {
				progress.Size = max(progress.Size/2, cfg.MinSize)
			}
			return err
		})
		if err != nil {
			return err
		}
		if step.SQL == "" {
			break
		}
		rows += step.Rows
		progress.Batches++
		if b.Size == 0 && step.Rows > 0 {
			progress.Size = cfg.size(progress.Size, time.Since(began))
		}
		if time.Since(shown) >= progressEvery {
			show()
		}
		if err := p.wait(ctx, b.Pause); err != nil {
			return s.fail(ctx, st, i, err)
		}
	}
	show()
	st.batch = batch.Note{}
	record := func() error { return s.recorded(ctx, st, fr, st.after(i), i+1, runner.Unit{}) }
	if err := s.retry(ctx, st.name, record); err != nil {
		return fmt.Errorf("%s:%d: statement %d of %d has run, but could not be recorded: %w", st.name, stmt.Stmt.Pos.Line, stmt.N, stmt.Total, err)
	}
	s.log(LogStmtDone{Stmt: stmt.Stmt, N: stmt.N, Total: stmt.Total, Elapsed: time.Since(start)})
	return nil
}

// batch runs the next batch of a statement. After the last, the step has no SQL.
func (s *session) batch(ctx context.Context, st *step, fr *FileRun, u runner.Unit, w *batch.Walk, size int) (batch.Step, error) {
	var step batch.Step
	next := st.batch
	err := s.transaction(ctx, u, runner.Hooks{
		Begin: func(ctx context.Context, _ runner.Unit) error { return s.begin(ctx, st, st.from) },
		Stmt: func(ctx context.Context, i int, stmt pgsql.Stmt, _ func(context.Context) error) error {
			if err := s.lockTimeout(ctx, s.limit); err != nil {
				return s.fail(ctx, st, i, err)
			}
			if setsTimeout(stmt) {
				s.timeout = unknown
			}
			defer s.observer.statement(LogStmt{Stmt: stmt, N: i + 1, Total: len(st.stmts)})()
			var err error
			if step, err = w.Next(ctx, s.conn, st.batch, size); err != nil || step.SQL == "" {
				next = step.Note
				if err != nil {
					return s.fail(ctx, st, i, err)
				}
				return nil
			}
			if err := s.script.Stmt(ctx, pgsql.Stmt{Text: step.SQL, Pos: stmt.Pos}); err != nil {
				return s.fail(ctx, st, i, err)
			}
			next = step.Ran(s.script.Changed())
			return nil
		},
		Commit: func(ctx context.Context, _ runner.Unit) error {
			noted := *st
			noted.batch = next
			err := s.commit(ctx, &noted, s.m.row(&noted, fr, u.First), st.from)
			st.mark, st.counted, st.noted = noted.mark, noted.counted, noted.noted
			return err
		},
	})
	if err == nil {
		st.batch = next
	}
	return step, err
}

// utf8 refuses another encoding of the session, in which keys could not be kept.
func (s *session) utf8() error {
	if e := s.conn.PgConn().ParameterStatus("client_encoding"); e != "UTF8" {
		return fmt.Errorf("the file has set client_encoding to %s, and batches need UTF8: remove the SET", e)
	}
	return nil
}

// halfway says where a statement stopped between its batches.
func (s *session) halfway(st *step, i int, failed *StmtError, command string) string {
	fix := "fix the cause, then "
	if failed.Cause != nil {
		fix = ""
	}
	of := ""
	if i > 0 {
		of = fmt.Sprintf("%d of the file's %d statements have run, and ", i, len(st.stmts))
	}
	committed := "no batch was committed"
	if st.batch.Pass > 0 {
		committed = fmt.Sprintf("batches that changed %s rows were committed", words.Thousands(st.batch.Changed))
	}
	text := fmt.Sprintf("%s%s: %s`%s` continues %s", of, committed, fix, command, st.batch.Where())
	if state := pgsql.SQLState(failed.Err); len(state) == 5 && state[:2] == pgsql.IntegrityConstraintViolation {
		text += "; what satisfies a constraint as a whole may violate it in parts: keys that refer to rows of the same table, or unique values that move"
	}
	return text
}
