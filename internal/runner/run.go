package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// cleanup is how long a rollback may take after the context has ended.
const cleanup = 3 * time.Second

// Hooks are called during a run. Each may be nil.
type Hooks struct {
	// Begin and Commit replace BEGIN and COMMIT of a unit that runs [Together]. Run returns their errors unchanged.
	Begin, Commit func(context.Context, Unit) error
	// Stmt is called instead of run for the statement at index i of the script. It may call run any number of times,
	// which runs the statement and returns a *StmtError if it fails. Run returns its error unchanged.
	Stmt func(ctx context.Context, i int, s pgsql.Stmt, run func(context.Context) error) error
}

// Run runs a unit. One that runs [Together] is rolled back after an error, unless the error is that the outcome of the
// commit is unknown. Without hooks the error is a *StmtError if a statement failed; an error of the commit is reported
// for the last statement.
func (s *Session) Run(ctx context.Context, u Unit, h Hooks) error {
	if u.Mode != Together {
		return s.stmts(ctx, u, h)
	}
	err := s.together(ctx, u, h)
	if err != nil {
		s.rollback(ctx)
	}
	return err
}

func (s *Session) together(ctx context.Context, u Unit, h Hooks) error {
	begin, commit := s.begin, s.commit
	if h.Begin != nil {
		begin = h.Begin
	}
	if h.Commit != nil {
		commit = h.Commit
	}
	if err := begin(ctx, u); err != nil {
		return err
	}
	if err := s.stmts(ctx, u, h); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return commit(ctx, u)
}

func (s *Session) stmts(ctx context.Context, u Unit, h Hooks) error {
	for i, stmt := range u.Stmts {
		run := func(ctx context.Context) error { return s.Stmt(ctx, stmt) }
		var err error
		if h.Stmt != nil {
			err = h.Stmt(ctx, u.First+i, stmt, run)
		} else {
			err = run(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) begin(ctx context.Context, _ Unit) error {
	if err := s.Exec(ctx, "BEGIN"); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	return nil
}

func (s *Session) commit(ctx context.Context, u Unit) error {
	err := s.bounded(ctx, "COMMIT")
	if err == nil {
		return nil
	}
	err = fmt.Errorf("committing: %w", err)
	if len(u.Stmts) == 0 {
		return err
	}
	last := u.Stmts[len(u.Stmts)-1]
	return &StmtError{Pos: last.Pos, Stmt: last.Text, Err: err}
}

// idle is the status of a connection outside a transaction.
const idle = 'I'

// rollback rolls back the transaction, if there is one. If that fails, the connection is closed and the server rolls
// back.
func (s *Session) rollback(ctx context.Context) {
	if s.Conn.IsClosed() || s.Conn.PgConn().TxStatus() == idle {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	if err := s.Exec(ctx, "ROLLBACK"); err != nil {
		_ = s.Conn.Close(ctx)
	}
}

// Stmt runs a statement of a script in the current transaction, if any. If PostgreSQL reports an error, it is a
// *StmtError.
func (s *Session) Stmt(ctx context.Context, stmt pgsql.Stmt) error {
	if err := s.batch(ctx, stmt); err != nil {
		return &StmtError{Pos: stmt.Pos, Stmt: stmt.Text, Err: err}
	}
	s.used = true
	s.ran.statement(stmt.Text)
	run, explain := stmt.Text, func(err error) error { return err }
	if s.opts.Statement != nil {
		run, explain = s.opts.Statement(stmt.Text)
	}
	err := s.bounded(ctx, run)
	if err == nil {
		return nil
	}
	e := newStmtError(stmt, explain(err))
	if run != stmt.Text {
		e.Pos = stmt.Pos
	}
	return e
}

func newStmtError(stmt pgsql.Stmt, err error) *StmtError {
	e := &StmtError{Pos: stmt.Pos, Stmt: stmt.Text, Err: err}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Position > 0 {
		e.Pos = stmt.Pos.After(firstRunes(stmt.Text, int(pg.Position)-1))
	}
	return e
}

// batch returns an error if the statement is to run in batches, and can't. Where it runs as a whole, this is a check.
func (s *Session) batch(ctx context.Context, stmt pgsql.Stmt) error {
	b, err := batch.Of(stmt)
	if err != nil || b == nil {
		return err
	}
	_, err = b.Resolve(ctx, s.Conn)
	return err
}

// Changed returns how many rows the last statement, of a script or not, has changed or returned.
func (s *Session) Changed() int64 { return s.changed }

// bounded is like Exec with the bound of the options.
func (s *Session) bounded(ctx context.Context, sql string) error {
	if s.opts.Bound == nil {
		return s.Exec(ctx, sql)
	}
	bounded, done := s.opts.Bound(ctx)
	return done(s.Exec(bounded, sql))
}

// firstRunes returns the first n characters of a text, or all of it.
func firstRunes(text string, n int) string {
	for i := range text {
		if n--; n < 0 {
			return text[:i]
		}
	}
	return text
}

// Exec runs SQL that isn't part of the script with the simple protocol, which accepts every statement, and discards
// rows.
func (s *Session) Exec(ctx context.Context, sql string) error {
	results := s.Conn.PgConn().Exec(ctx, sql)
	s.changed = 0
	for results.NextResult() {
		rows := results.ResultReader()
		for rows.NextRow() {
		}
		tag, err := rows.Close()
		if err != nil {
			break // results.Close returns it, too
		}
		s.changed = tag.RowsAffected()
	}
	return results.Close()
}

// Query runs statements that aren't part of the script in one round trip and returns the results of those that
// succeeded. It stops at the first that fails, and rolls back a transaction that they began. Outside a transaction the
// statements are one.
func (s *Session) Query(ctx context.Context, sql ...string) ([]*pgconn.Result, error) {
	encoding := s.encoding()
	begun := s.Conn.PgConn().TxStatus() != idle
	if err := s.encode(ctx, ownEncoding); err != nil {
		return nil, err
	}
	results, err := s.query(ctx, sql...)
	if err != nil && !begun {
		s.rollback(ctx)
	}
	if err == nil || !begun { // otherwise the rollback restores it
		_ = s.encode(ctx, encoding) // which fails only if the connection is lost
	}
	return results, err
}

// ownEncoding is the encoding of our own SQL.
const ownEncoding = "UTF8"

// encoding returns the session's client_encoding, which a script may have changed.
func (s *Session) encoding() string { return s.Conn.PgConn().ParameterStatus("client_encoding") }

func (s *Session) encode(ctx context.Context, encoding string) error {
	if s.encoding() == encoding {
		return nil
	}
	if err := s.Exec(ctx, "SET client_encoding = "+pgsql.Literal(encoding)); err != nil {
		return fmt.Errorf("setting client_encoding: %w", err)
	}
	return nil
}

func (s *Session) query(ctx context.Context, sql ...string) ([]*pgconn.Result, error) {
	results, err := s.Conn.PgConn().Exec(ctx, strings.Join(sql, ";\n")).ReadAll()
	for i, r := range results {
		if r.Err != nil {
			return results[:i], err
		}
	}
	return results, err
}
