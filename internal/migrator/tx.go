package migrator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// tx runs fn in a transaction. If fn fails, or ctx ends, it is rolled back. If the outcome of the commit is unknown,
// the error is an *OutcomeError.
func (s *session) tx(ctx context.Context, fn func(pgx.Tx) error) error {
	s.observer.begin(s.limit)
	defer s.observer.end()
	if err := s.lockTimeout(ctx, s.limit); err != nil {
		return err
	}
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
		s.rec = rec // the tables that fn created are gone
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

// recorded runs a unit of a step in a transaction together with its record: first alembic_version is locked, checked
// and set to the revision id to, and at the end the journal's row says that n statements of the step have run. Both are
// read back before the commit. The record takes two round trips, including BEGIN and COMMIT.
//
// The error is one of tx, a *StmtError, a *LostLockError, a *revision.ConflictError, a *revision.RowConflictError or a
// *revision.UnwrittenError.
func (s *session) recorded(ctx context.Context, st *step, fr *FileRun, to string, n int, u runner.Unit) error {
	return s.transaction(ctx, u, runner.Hooks{
		Begin: func(ctx context.Context, _ runner.Unit) error { return s.begin(ctx, st, to) },
		Stmt: func(ctx context.Context, i int, _ pgsql.Stmt, run func(context.Context) error) error {
			return s.stmt(ctx, st, fr, i, s.limit, run)
		},
		Commit: func(ctx context.Context, _ runner.Unit) error {
			if st.down && n == len(st.stmts) {
				return s.commit(ctx, st, nil, to)
			}
			return s.commit(ctx, st, s.m.row(st, fr, n), to)
		},
	})
}

// transaction runs a unit in a transaction that the hooks begin and commit by [session.begin] and [session.commit].
func (s *session) transaction(ctx context.Context, u runner.Unit, hooks runner.Hooks) error {
	s.observer.begin(s.limit)
	defer s.observer.end()
	rec := s.rec
	u.Mode = runner.Together
	err := s.script.Run(ctx, u, hooks)
	if errors.Is(err, errStale) {
		s.observer.end() // or it might take the only connection that is available
		if err = s.renew(ctx); err == nil {
			s.observer.begin(s.limit)
			err = s.script.Run(ctx, u, hooks)
		}
	}
	if err != nil {
		s.rec, s.timeout = rec, unknown // created tables and changed settings are gone
	}
	return s.explained(ctx, err)
}

// errUnconfirmed means that the record doesn't hold what was written to it.
var errUnconfirmed = errors.New("the record is not what was written to it")

// explained adds to the error of a transaction that has ended why its record could not be confirmed.
func (s *session) explained(ctx context.Context, err error) error {
	if !errors.Is(err, errUnconfirmed) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	return s.m.cfg.Store.Unwritten(ctx, s.conn)
}

// commit writes the journal's row, or deletes it if row is nil, confirms that it and alembic_version, which must hold
// id, are as written, and commits.
func (s *session) commit(ctx context.Context, st *step, row *migrate.Revision, id string) error {
	store, version := s.m.cfg.Store, st.file.Version
	// Deferred constraints and triggers run here, and can't change the record after it was confirmed.
	sql := append([]string{immediate}, s.script.EnterOwnRole()...)
	before := len(sql) + 1
	counts, counted := false, false
	switch {
	case row == nil:
		sql = append(sql, store.DeleteSQL(version))
	case st.mark != "" && !st.noted && len(row.PartialHashes) > 0 && len(row.PartialHashes) == len(st.sums): // all of them are there
		counts, counted = true, st.counted // the first time, the whole row is confirmed
		sql = append(sql, store.CountSQL(row))
	default:
		sql = append(sql, store.PutSQL(row))
	}
	sql = append(sql, store.ConfirmSQL(id, version, row, counted), "COMMIT")
	results, err := s.script.Query(ctx, sql...)
	refused := pgsql.SQLState(err) != ""
	switch {
	case err == nil:
		st.mark = revision.Mark(results[before].Rows[0][0])
		st.counted = counts
		_, st.noted = revision.Batch(row)
		return nil
	case refused && 0 < len(results) && len(results) < before:
		return fmt.Errorf("recording version %s: %w", version, err)
	case refused && len(results) == before && pgsql.SQLState(err) == pgsql.DivisionByZero:
		return errUnconfirmed
	}
	return uncommitted(err)
}

// begin begins a transaction, ensures that the session still has the lock, and changes alembic_version from the step's
// id to another, in the role that the run started with, because the file may have set another. The journal's row must
// be as the step left or found it.
func (s *session) begin(ctx context.Context, st *step, to string) error {
	err := s.tryBegin(ctx, st, to)
	if !errors.As(err, new(*LostLockError)) {
		return err
	}
	s.rollback(ctx)
	s.timeout = unknown
	switch locked, err := s.relock(ctx); {
	case err != nil:
		return fmt.Errorf("locking the database again: %w", err)
	case locked:
		return s.tryBegin(ctx, st, to)
	}
	h, err2 := holderOf(ctx, s.conn, lockKey())
	return errors.Join(&LostLockError{File: st.name, Holder: h}, err2)
}

func (s *session) tryBegin(ctx context.Context, st *step, to string) error {
	defer s.promptly()()
	store := s.m.cfg.Store
	var enter, leave, sql []string
	if st.txNone {
		in, out := s.script.OwnRole()
		enter, leave = []string{in}, []string{out}
	}
	advance := slices.Concat(store.AdvanceSQL(st.from, to), []string{store.MarkSQL(st.file.Version)}, leave)
	complete := s.rec.HasAlembic && s.rec.HasJournal && !s.proxied
	// A migration may free the lock by pg_advisory_unlock_all, so each transaction takes it once more.
	sql = append(enter, fmt.Sprintf("SELECT pg_catalog.pg_try_advisory_lock(%d)", lockKey()))
	if complete {
		sql = append(sql, advance...)
	}
	results, err := s.start(ctx, sql)
	if errors.Is(err, errStale) {
		return err
	}
	if len(results) <= len(enter) {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	if locked := string(results[len(enter)].Rows[0][0]) == "t"; !locked {
		return &LostLockError{}
	}
	results = results[len(enter)+1:]
	if !complete {
		if err := s.sameBackend(ctx); err != nil {
			return err
		}
		if err := store.Create(ctx, s.conn, s.rec); err != nil {
			return err
		}
		s.rec.HasAlembic, s.rec.HasJournal = true, true
		results, err = s.script.Query(ctx, advance...)
	}
	if err := store.Advanced(st.from, results, err); err != nil {
		return err
	}
	mark := revision.Mark(results[len(advance)-len(leave)-1].Rows[0][0])
	if st.mark != "" && mark != st.mark || st.mark == "" && (mark == "") != (st.row == nil) {
		return &revision.RowConflictError{Version: st.file.Version}
	}
	return nil
}

// errStale means that the next file needs a new connection.
var errStale = errors.New("the session can't be reset")

// beginRecord begins a transaction that can write the record, even if the file has set transactions to be read-only.
const beginRecord = "BEGIN READ WRITE"

// start begins a transaction, sets the step's lock_timeout, and runs sql. It returns the results of sql. Before a
// step's first transaction the session is reset.
func (s *session) start(ctx context.Context, sql []string) ([]*pgconn.Result, error) {
	if s.fresh {
		s.timeout = s.m.cfg.LockTimeout
	}
	own := 0
	if s.timeout != s.limit {
		sql = slices.Insert(sql, 0, s.timeoutSQL(s.limit))
		s.timeout = s.limit
		own = 1
	}
	var results []*pgconn.Result
	var err error
	if s.fresh {
		var ok bool
		results, ok, err = s.script.Begin(ctx, sql...)
		if err == nil && !ok {
			return nil, errStale
		}
		s.fresh = err != nil
	} else if results, err = s.script.Query(ctx, append([]string{beginRecord}, sql...)...); len(results) > 0 {
		results = results[1:]
	}
	if own > 0 {
		s.script.Used() // even if the file has no statements
	}
	return results[min(own, len(results)):], err
}

// idle is the status of a connection outside a transaction.
const idle = 'I'

// rollback rolls back the transaction, if there is one. If that fails, the connection is closed and the server rolls
// back.
func (s *session) rollback(ctx context.Context) {
	if s.conn.IsClosed() || s.conn.PgConn().TxStatus() == idle {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	_, _ = s.conn.Exec(ctx, "rollback")
}

// uncommitted returns the error of a failed commit.
func uncommitted(err error) error {
	if pgsql.SQLState(err) == "" && !errors.Is(err, pgx.ErrTxCommitRollback) {
		return &OutcomeError{err}
	}
	return fmt.Errorf("committing: %w", err)
}
