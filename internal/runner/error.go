package runner

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A StmtError means that a statement failed.
type StmtError struct {
	File string // set by the caller
	// Pos is where PostgreSQL reports the error, or else the statement's first token.
	Pos  pgsql.Pos
	Stmt string
	Err  error
}

// Error says where the error is, what PostgreSQL reported, and what to do if the file fails in a replay.
func (e *StmtError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s; %s", e.File, e.Pos.Line, e.Pos.Col, e.Reason(), e.Advice())
}

// Reason returns what PostgreSQL reported. Passwords of the statement, which PostgreSQL may quote, are masked.
func (e *StmtError) Reason() string { return pgsql.MaskMessage(Message(e.Err), e.Stmt) }

func (e *StmtError) Unwrap() error { return e.Err }

func (e *StmtError) Advice() string {
	var advised interface{ Advice() string }
	if errors.As(e.Err, &advised) {
		return advised.Advice()
	}
	if errors.As(e.Err, new(*batch.RefusedError)) {
		return "without its directive, the statement runs as a whole, in one transaction"
	}
	var pg *pgconn.PgError
	if errors.As(e.Err, &pg) {
		if m, ok := pgsql.ParseMissing(pg.Message); ok && m.Extension != "" {
			return "create extension " + pgsql.Ident(m.Extension) + " first, in this file or an earlier one; if it exists, check the schema and the types"
		}
	}
	switch pgsql.SQLState(e.Err) {
	case "":
		return "run the command again"
	case pgsql.ActiveSQLTransaction:
		return "PostgreSQL runs this statement only outside a transaction: put it in a file of its own that starts with \"-- atlas:txmode none\" and a blank line"
	case pgsql.NoActiveSQLTransaction:
		return "PostgreSQL runs this statement only in a transaction: remove it, or put it and what it is for into a file without \"-- atlas:txmode none\""
	case pgsql.UnsafeNewEnumValueUsage:
		return "a new enum value can't be used in the transaction that adds it: add it in a separate migration, before this one"
	case pgsql.DependentObjectsStillExist:
		return "change or drop what depends on it first, in the same file"
	case pgsql.InsufficientPrivilege:
		return "migrations are replayed as the database's owner, which isn't a superuser: leave this to an administrator, or make the statement conditional"
	}
	return "the file must run on the schema that the files before it produce, without any data"
}

// Message returns PostgreSQL's message with its detail, hint and SQLSTATE, or the text of another error.
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
