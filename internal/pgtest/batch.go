package pgtest

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Run runs a statement, in batches of a number of rows if it has the directive for that.
func Run(ctx context.Context, conn *pgx.Conn, stmt pgsql.Stmt, size int) error {
	b, err := batch.Of(stmt)
	if err != nil {
		return err
	}
	if b == nil {
		_, err := conn.PgConn().Exec(ctx, stmt.Text).ReadAll()
		return err
	}
	w, err := b.Resolve(ctx, conn)
	if err != nil {
		return err
	}
	for note := (batch.Note{}); ; {
		step, err := w.Next(ctx, conn, note, size)
		if err != nil || step.SQL == "" {
			return err
		}
		tag, err := conn.Exec(ctx, step.SQL)
		if err != nil {
			return err
		}
		note = step.Ran(tag.RowsAffected())
	}
}
