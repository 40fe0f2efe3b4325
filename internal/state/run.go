package state

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A StmtError is a statement that PostgreSQL refused.
type StmtError struct {
	File string    // as the caller named it
	Pos  pgsql.Pos // of the statement's first token
	Stmt string
	Err  error
}

func (e *StmtError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %v", e.File, e.Pos.Line, e.Pos.Col, e.Err)
}

func (e *StmtError) Unwrap() error { return e.Err }

// RunFile runs the statements of a file as the migrator would: in one
// transaction, or each on its own if txNone is set. The error is a *StmtError.
func RunFile(ctx context.Context, conn *pgx.Conn, stmts []pgsql.Stmt, txNone bool, file string) error {
	return nil
}
