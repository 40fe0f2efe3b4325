package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// askLimit is how long a query of Ask may take, and wait for a lock.
const askLimit = 10 * time.Second

var errNoAnswer = errors.New("it must return one row with true or false")

// Ask runs a query for true or false in a read-only transaction. The error is a *StmtError if the query fails, takes
// too long or returns something else.
func Ask(ctx context.Context, conn *pgx.Conn, query pgsql.Stmt) (answer bool, err error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return false, fmt.Errorf("beginning a transaction: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
		defer cancel()
		_ = tx.Rollback(ctx)
	}()
	settings := fmt.Sprintf("SET LOCAL statement_timeout = %[1]d; SET LOCAL lock_timeout = %[1]d", askLimit.Milliseconds())
	if _, err := tx.Exec(ctx, settings, pgx.QueryExecModeSimpleProtocol); err != nil {
		return false, err
	}
	values, err := valuesOf(ctx, tx, query.Text)
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && ctx.Err() == nil:
		if pg.Code == pgsql.QueryCanceled || pg.Code == pgsql.LockNotAvailable {
			err = fmt.Errorf("it took longer than %s", askLimit)
		}
		return false, newStmtError(query, err)
	case err != nil:
		return false, err
	}
	if len(values) == 1 {
		if answer, ok := values[0].(bool); ok {
			return answer, nil
		}
	}
	return false, newStmtError(query, errNoAnswer)
}

// valuesOf returns the value of each row, nil if there are several columns.
func valuesOf(ctx context.Context, tx pgx.Tx, query string) ([]any, error) {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (any, error) {
		columns, err := row.Values()
		if err != nil || len(columns) != 1 {
			return nil, err
		}
		return columns[0], nil
	})
}
