package migration

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// SessionOptions are the settings of a migration session that may differ.
type SessionOptions struct {
	ApplicationName string        // default "ibutsu-schema"
	SearchPath      []string      // schema names, default "public"
	Role            string        // SET ROLE; default none
	LockTimeout     time.Duration // default 0: no timeout
}

// Session sets up conn as migrations run, everywhere the same.
func Session(ctx context.Context, conn *pgx.Conn, opts SessionOptions) error { return nil }
