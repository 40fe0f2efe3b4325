package runner

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A StmtError is a statement that failed.
type StmtError struct {
	File string // as the caller names it; the runner leaves it empty
	// Pos is the place in the file that PostgreSQL points at, or else the statement's
	// first token.
	Pos  pgsql.Pos
	Stmt string
	Err  error
}

// Error says where, what PostgreSQL said, and what to do about a file that fails in a replay.
func (e *StmtError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s; %s", e.File, e.Pos.Line, e.Pos.Col, e.Reason(), e.advice())
}

// Reason is what PostgreSQL said, without the passwords of the statement, which it may quote.
func (e *StmtError) Reason() string { return pgsql.MaskMessage(Message(e.Err), e.Stmt) }

func (e *StmtError) Unwrap() error { return e.Err }

func (e *StmtError) advice() string {
	var advised interface{ Advice() string }
	if errors.As(e.Err, &advised) {
		return advised.Advice()
	}
	switch pgsql.SQLState(e.Err) {
	case "":
		return "run the command again"
	case pgsql.ActiveSQLTransaction:
		return "PostgreSQL runs this statement only outside a transaction: put it in a file of its own that starts with \"-- atlas:txmode none\" and a blank line"
	case pgsql.NoActiveSQLTransaction:
		return "PostgreSQL runs this statement only in a transaction: remove it, or put it with what it is for into a file without \"-- atlas:txmode none\""
	case pgsql.UnsafeNewEnumValueUsage:
		return "an enum's new value cannot be used in the transaction that adds it: add it in a migration of its own, before this one"
	case pgsql.DependentObjectsStillExist:
		return "change or drop what depends on it first, in the same file"
	case pgsql.InsufficientPrivilege:
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
