package migrator

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Role returns the role that queries run as.
func (v *Survey) Role() string {
	if role := v.s.m.cfg.Role; role != "" {
		return role
	}
	return v.s.conn.Config().User
}

// Conn returns the connection, for queries outside a transaction. They must not write.
func (v *Survey) Conn() *pgx.Conn { return v.s.conn }

// Read calls read in a read-only transaction, in which each statement may take as long as limit, and wait as long for a
// lock. A limit of 0 is none, and then 2 s for locks. A statement from which row security would hide rows fails.
func (v *Survey) Read(ctx context.Context, limit time.Duration, read func(pgx.Tx) error) error {
	tx, err := v.s.conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer v.s.rollback(ctx)
	wait := limit
	if wait == 0 {
		wait = DefaultLockTimeout
	}
	settings := fmt.Sprintf("SET LOCAL row_security = off; SET LOCAL statement_timeout = %d; SET LOCAL lock_timeout = %d", limit.Milliseconds(), wait.Milliseconds())
	if _, err := tx.Exec(ctx, settings, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("limiting the transaction: %w", err)
	}
	return read(tx)
}
