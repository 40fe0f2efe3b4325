package state

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A StmtError is a statement that PostgreSQL refused.
type StmtError struct {
	File string // as the caller named it
	// Pos is the place in the file that PostgreSQL points at, or else the statement's
	// first token.
	Pos  pgsql.Pos
	Stmt string
	Err  error
}

// Error says where, what PostgreSQL said, and what to do.
func (e *StmtError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s; %s", e.File, e.Pos.Line, e.Pos.Col, Message(e.Err), e.advice())
}

func (e *StmtError) Unwrap() error { return e.Err }

func (e *StmtError) advice() string {
	var pg *pgconn.PgError
	if !errors.As(e.Err, &pg) {
		return "run the command again"
	}
	switch pg.Code {
	case "25001": // active_sql_transaction
		return "PostgreSQL runs this statement only outside a transaction: put it in a file of its own that starts with \"-- atlas:txmode none\" and a blank line"
	case "55P04": // unsafe_new_enum_value_usage
		return "an enum's new value cannot be used in the transaction that adds it: add it in a migration of its own, before this one"
	case "2BP01": // dependent_objects_still_exist
		return "change or drop what depends on it first, in the same file"
	case "42501": // insufficient_privilege
		return "migrations are replayed as the database's owner, who is no superuser: leave this to an administrator, or make the statement conditional"
	}
	return "the file must run on the schema that the files before it give, without any data"
}

// Message is PostgreSQL's message with its detail, hint and SQLSTATE; for another
// error, its text.
func Message(err error) string {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (SQLSTATE %s)", pg.Message, pg.Code)
	for _, s := range []string{pg.Detail, pg.Hint} {
		if s != "" {
			b.WriteString(", " + strings.TrimRight(strings.ReplaceAll(s, "\n", " "), "."))
		}
	}
	return b.String()
}

// RunFile runs the statements of a file as the migrator would: in one transaction, or
// each on its own if txNone is set. file is the name that errors bear. If a statement
// fails the error is a *StmtError, and of a file with a transaction nothing remains.
func RunFile(ctx context.Context, conn *pgx.Conn, stmts []pgsql.Stmt, txNone bool, file string) error {
	_, err := runFile(ctx, conn, stmts, txNone, file)
	return err
}

// runFile is RunFile; it also returns how many statements stand.
func runFile(ctx context.Context, conn *pgx.Conn, stmts []pgsql.Stmt, txNone bool, file string) (int, error) {
	if !txNone {
		if err := exec(ctx, conn, "BEGIN"); err != nil {
			return 0, fmt.Errorf("beginning a transaction: %w", err)
		}
	}
	for i, s := range stmts {
		if err := exec(ctx, conn, s.Text); err != nil {
			if txNone {
				return i, stmtError(file, s, err)
			}
			return 0, errors.Join(stmtError(file, s, err), rollback(ctx, conn))
		}
	}
	if !txNone {
		// What is deferred fails here, and then the last statement is the nearest place.
		if err := exec(ctx, conn, "COMMIT"); err != nil {
			if len(stmts) == 0 {
				return 0, fmt.Errorf("committing: %w", err)
			}
			return 0, stmtError(file, stmts[len(stmts)-1], fmt.Errorf("committing: %w", err))
		}
	}
	return len(stmts), nil
}

// ChangesSession says whether a file may leave the session other than it found it, as the
// scripts of pg_dump do, which empty the search path.
func ChangesSession(stmts []pgsql.Stmt) bool {
	return slices.ContainsFunc(stmts, func(s pgsql.Stmt) bool {
		switch first := strings.Fields(s.Text)[0]; strings.ToUpper(first) {
		case "SET", "RESET", "DISCARD":
			return true
		}
		return strings.Contains(strings.ToLower(s.Text), "set_config")
	})
}

// rollback ends a failed transaction. A connection that was lost has none, and its
// loss has been told already.
func rollback(ctx context.Context, conn *pgx.Conn) error {
	if conn.IsClosed() {
		return nil
	}
	if err := exec(ctx, conn, "ROLLBACK"); err != nil {
		return fmt.Errorf("rolling back: %w", err)
	}
	return nil
}

// exec runs sql by the simple protocol, which alone takes every statement.
func exec(ctx context.Context, conn *pgx.Conn, sql string) error {
	_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

func stmtError(file string, s pgsql.Stmt, err error) *StmtError {
	e := &StmtError{File: file, Pos: s.Pos, Stmt: s.Text, Err: err}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Position > 0 {
		e.Pos = advance(s.Pos, s.Text, int(pg.Position)-1)
	}
	return e
}

// advance returns the place n characters behind the start of text, which stands at pos.
func advance(pos pgsql.Pos, text string, n int) pgsql.Pos {
	for _, r := range text {
		if n--; n < 0 {
			break
		}
		pos.Offset += utf8.RuneLen(r)
		pos.Col++
		if r == '\n' {
			pos.Line, pos.Col = pos.Line+1, 1
		}
	}
	return pos
}
