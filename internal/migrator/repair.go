package migrator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// A RepairScript changes a live database's schema, but isn't a migration.
type RepairScript struct {
	Name   string // in messages
	Stmts  []pgsql.Stmt
	TxNone bool // each statement commits on its own
	// Before is called with the session before the script runs; nil: nothing is. It must not change the session.
	Before func(context.Context, *pgx.Conn) error
}

// RepairOptions say what Repair runs and records.
type RepairOptions struct {
	To      string          // the version that is recorded at the end, as migration.Dir.Resolve takes it
	Planned catalog.Catalog // the schema that the scripts were planned for
	Scripts []RepairScript
	// Check is called with the schema after the scripts. If it returns an error, nothing is recorded.
	Check func(catalog.Catalog) error
}

// RepairResult is what Repair did, also if it returns an error.
type RepairResult struct {
	Start, End time.Time
	Ran        int      // scripts that ran to the end
	From       []string // alembic_version's rows before
	Revision   string   // alembic_version's row after, "" for none
	Set        []string // versions whose journal rows were written
	Removed    []string // versions whose journal rows were deleted
	Recorded   bool
}

// ChangedError means that the schema isn't the one that the scripts were planned for. Nothing was done.
type ChangedError struct{ Differences []catalog.Difference }

func (e *ChangedError) Error() string {
	return "another session has changed the schema meanwhile; nothing was done: run the command again"
}

// Repair runs scripts on the database as Apply runs migrations, under the same lock: a statement that waits for other
// sessions' locks gives way, an index that an interrupted build left INVALID is dropped and built again. Then it sets
// both records to a version. A run that was killed leaves some of the scripts' statements done and nothing recorded;
// the rest must be planned again.
//
// The error is a *ChangedError, one of Before or Check, or one of those of Apply that aren't about the record.
func (m *Migrator) Repair(ctx context.Context, opts RepairOptions) (*RepairResult, error) {
	start := time.Now()
	var res *RepairResult
	err := againAfter(ctx, func() error {
		res = &RepairResult{Start: start}
		return m.repair(ctx, opts, res)
	})
	res.End = time.Now()
	return res, m.outcome(ctx, err)
}

func (m *Migrator) repair(ctx context.Context, opts RepairOptions, res *RepairResult) error {
	to, s, err := m.setting(ctx, opts.To)
	if err != nil {
		return err
	}
	defer s.close(ctx)
	res.From = s.rec.Alembic
	live, err := s.live(ctx)
	if err != nil {
		return err
	}
	if !live.Equal(opts.Planned) {
		return &ChangedError{catalog.Diff(opts.Planned, live)}
	}
	var steps []*step
	var files []*migration.File
	for _, sc := range opts.Scripts {
		f := &migration.File{Name: sc.Name, Stmts: sc.Stmts, TxNone: sc.TxNone}
		files = append(files, f)
		steps = append(steps, &step{file: f, name: sc.Name, stmts: sc.Stmts, txNone: sc.TxNone})
	}
	if err := s.disk(ctx, steps); err != nil {
		return err
	}
	if err := s.exclude(ctx, steps); err != nil {
		return err
	}
	if len(files) > 0 {
		s.log(LogPlan{Files: files})
	}
	for i, st := range steps {
		if before := opts.Scripts[i].Before; before != nil {
			if err := before(ctx, s.conn); err != nil {
				return err
			}
		}
		if err := s.unrecorded(ctx, st); err != nil {
			return err
		}
		res.Ran++
	}
	if len(steps) > 0 {
		if err := s.reset(ctx); err != nil {
			return err
		}
		if live, err = s.live(ctx); err != nil {
			return err
		}
	}
	if err := opts.Check(live); err != nil {
		return err
	}
	st := revision.Settle(m.dir, s.rec, to)
	res.Revision, res.Removed = st.To, st.Delete
	for _, r := range st.Put {
		res.Set = append(res.Set, r.Version)
	}
	if !st.Empty() || !s.rec.HasAlembic || !s.rec.HasJournal {
		if err := s.write(ctx, st); err != nil {
			return fmt.Errorf("recording version %s: %w", m.dir.Word(to), err)
		}
	}
	res.Recorded = true
	return nil
}

// unrecorded runs a script that isn't a migration.
func (s *session) unrecorded(ctx context.Context, st *step) error {
	start := time.Now()
	s.log(LogFile{File: st.file, Total: len(st.stmts)})
	err := s.units(ctx, st)
	if err == nil {
		s.log(LogFileDone{File: st.file, Elapsed: time.Since(start)})
		return nil
	}
	var failed *StmtError
	if errors.As(err, &failed) {
		failed.State = "the statements before it have run and were committed, and nothing is recorded"
		if !st.txNone {
			failed.State = "its transaction was rolled back, those before it were committed, and nothing is recorded"
		}
		failed.State += ": fix the cause, then `adopt -repair` continues"
	}
	s.log(LogStopped{File: st.file, Err: err})
	return err
}

func (s *session) units(ctx context.Context, st *step) error {
	if err := s.reset(ctx); err != nil {
		return err
	}
	for _, u := range runner.Cut(st.stmts, st.txNone) {
		tries := 0
		err := s.retry(ctx, st.name, func() error {
			tries++
			if u.Mode == runner.Together {
				return s.unit(ctx, st, u)
			}
			return s.single(ctx, st, u, tries > 1)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// unit runs a unit in one transaction, under the lock.
func (s *session) unit(ctx context.Context, st *step, u runner.Unit) error {
	s.observer.begin(s.limit)
	defer s.observer.end()
	err := s.script.Run(ctx, u, runner.Hooks{
		Begin: func(ctx context.Context, _ runner.Unit) error { return s.beginLocked(ctx, st) },
		Stmt: func(ctx context.Context, i int, _ pgsql.Stmt, run func(context.Context) error) error {
			return s.stmt(ctx, st, &FileRun{}, i, s.limit, run)
		},
	})
	if err != nil {
		s.timeout = unknown // what was set in the transaction is gone
	}
	var failed *runner.StmtError // of the commit
	if errors.As(err, &failed) && !errors.As(err, new(*StmtError)) {
		return uncommitted(err)
	}
	return err
}

// beginLocked begins a transaction of a session that has the lock.
func (s *session) beginLocked(ctx context.Context, st *step) error {
	defer s.promptly()()
	if err := s.lockTimeout(ctx, s.limit); err != nil {
		return err
	}
	results, err := s.script.Query(ctx, "BEGIN", fmt.Sprintf("SELECT pg_catalog.pg_try_advisory_lock(%d)", lockKey()))
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	if string(results[1].Rows[0][0]) != "t" {
		h, err := holderOf(ctx, s.conn, lockKey())
		return errors.Join(&LostLockError{File: st.name, Holder: h}, err)
	}
	return nil
}

// single runs a statement that can't run in a transaction. again says that it may have run before.
func (s *session) single(ctx context.Context, st *step, u runner.Unit, again bool) error {
	i := u.First
	known, err := s.prepareIndex(ctx, st.stmts[i], again)
	if err != nil {
		return s.fail(ctx, st, i, err)
	}
	if known {
		s.log(LogStmtDone{Stmt: st.stmts[i], N: i + 1, Total: len(st.stmts), Known: true})
		return nil
	}
	return s.bounded(ctx, st.stmts[i], func(limit time.Duration) error {
		return s.script.Run(ctx, u, runner.Hooks{
			Stmt: func(ctx context.Context, i int, _ pgsql.Stmt, run func(context.Context) error) error {
				return s.stmt(ctx, st, &FileRun{}, i, limit, run)
			},
		})
	})
}
