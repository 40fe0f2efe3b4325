package migrator

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// tx runs fn in a transaction. If fn fails, or ctx ends, nothing of it remains.
// A commit whose outcome is unknown is an *OutcomeError.
func (s *session) tx(ctx context.Context, fn func(pgx.Tx) error) error {
	s.observer.begin(s.limit)
	defer s.observer.end()
	tx, err := s.conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	rec := s.rec
	err = fn(tx)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		s.rec = rec // tables that fn created are gone
		s.rollback(ctx)
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		s.rec = rec
		s.rollback(ctx)
		return uncommitted(err)
	}
	return nil
}

// recorded runs a unit of a step in a transaction with its record:
// alembic_version is locked, checked and set to the revision id to before
// anything else, and the journal's row says that n statements of the step are
// done after it. The record takes two round trips, beginning and committing
// included.
//
// Errors are as tx gives them, a *StmtError, and a *revision.ConflictError.
func (s *session) recorded(ctx context.Context, st *step, fr *FileRun, to string, n int, u runner.Unit) error {
	s.observer.begin(s.limit)
	defer s.observer.end()
	rec := s.rec
	u.Mode = runner.Together
	err := s.script.Run(ctx, u, runner.Hooks{
		Begin: func(ctx context.Context, _ runner.Unit) error { return s.begin(ctx, st, to) },
		Stmt: func(ctx context.Context, i int, _ pgsql.Stmt, run func(context.Context) error) error {
			return s.stmt(ctx, st, fr, i, run)
		},
		Commit: func(ctx context.Context, _ runner.Unit) error { return s.commit(ctx, st, fr, n) },
	})
	if err != nil {
		s.rec = rec // tables that were created are gone
	}
	return err
}

// commit writes the journal's row after n statements and commits.
func (s *session) commit(ctx context.Context, st *step, fr *FileRun, n int) error {
	var last pgx.Batch
	store := s.m.cfg.Store
	enter, _ := s.script.OwnRole()
	last.Queue(enter)
	if st.down && n == len(st.stmts) {
		store.QueueDelete(&last, st.file.Version)
	} else if err := s.queueRow(&last, st, fr, n); err != nil {
		return err
	}
	noted := false
	last.QueuedQueries[1].Exec(func(pgconn.CommandTag) error { noted = true; return nil })
	last.Queue("commit")
	if err := s.conn.SendBatch(ctx, &last).Close(); err != nil {
		if !noted && sqlState(err) != "" {
			return fmt.Errorf("recording version %s: %w", st.file.Version, err)
		}
		return uncommitted(err)
	}
	st.noted = n + 1
	return nil
}

// queueRow puts the writing of the step's row after n statements into a batch.
func (s *session) queueRow(b *pgx.Batch, st *step, fr *FileRun, n int) error {
	row := s.m.row(st, fr, n)
	if n > 0 && st.noted == n && len(row.PartialHashes) > 0 {
		return s.m.cfg.Store.QueueAppend(b, row)
	}
	return s.m.cfg.Store.QueuePut(b, row)
}

// begin begins a transaction and takes alembic_version from a step's id to
// another, in the role that the run began with: what is done of the file may
// have set another.
func (s *session) begin(ctx context.Context, st *step, to string) error {
	defer s.promptly()()
	store := s.m.cfg.Store
	var first pgx.Batch
	first.Queue("begin")
	enter, leave := s.script.OwnRole()
	if st.txNone {
		first.Queue(enter)
	}
	if s.rec.HasAlembic && s.rec.HasJournal && !s.proxied {
		outcome := store.QueueAdvance(&first, st.from, to)
		if st.txNone {
			first.Queue(leave)
		}
		return outcome(s.conn.SendBatch(ctx, &first).Close())
	}
	if err := s.conn.SendBatch(ctx, &first).Close(); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	if err := s.sameBackend(ctx); err != nil {
		return err
	}
	if err := store.Create(ctx, s.conn, s.rec); err != nil {
		return err
	}
	s.rec.HasAlembic, s.rec.HasJournal = true, true
	if err := store.Advance(ctx, s.conn, st.from, to); err != nil {
		return err
	}
	if st.txNone {
		if _, err := s.conn.Exec(ctx, leave); err != nil {
			return fmt.Errorf("going on in the file's role: %w", err)
		}
	}
	return nil
}

// idle is the status of a connection that is in no transaction.
const idle = 'I'

// rollback ends the transaction, if there is one. If that fails, the connection
// is closed, and the server rolls back.
func (s *session) rollback(ctx context.Context) {
	if s.conn.IsClosed() || s.conn.PgConn().TxStatus() == idle {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	_, _ = s.conn.Exec(ctx, "rollback")
}

// uncommitted says what is known of a transaction whose commit failed.
func uncommitted(err error) error {
	if sqlState(err) == "" && !errors.Is(err, pgx.ErrTxCommitRollback) {
		return &OutcomeError{err}
	}
	return fmt.Errorf("committing: %w", err)
}
