package migrator

import (
	"context"
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// Session settings, the session's advisory lock and the observer need the same backend for the whole session. A pooler
// that assigns backends by transaction or by statement breaks all three silently. One that assigns them by session is
// fine.

// backendPID returns the pid of the connection's backend.
const backendPID = "SELECT pg_catalog.pg_backend_pid()"

// setUp sets the session up, and returns an error if a pooler may change its backend. With a pooler that doesn't, the
// settings take another round trip, because only then is it known that the session keeps its backend.
func (s *session) setUp(ctx context.Context) error {
	s.limit, s.timeout = s.m.cfg.LockTimeout, s.m.cfg.LockTimeout
	pid := s.conn.PgConn().PID()
	script, backend, err := runner.OpenOn(ctx, s.conn, pid, s.m.settings())
	if err != nil {
		return err
	}
	s.script, s.pid = script, int32(backend)
	if backend == pid {
		return nil
	}
	s.proxied = true
	if err := s.refusePooling(ctx); err != nil {
		return err
	}
	s.script, err = runner.Open(ctx, s.conn, s.m.settings())
	return err
}

// refusePooling opens more connections, each with a transaction. A pooler by session gives each its own backend; any
// other gives our idle backend to one of them.
func (s *session) refusePooling(ctx context.Context) error {
	const clients = 3
	for range clients {
		cfg, answers := s.m.connConfig()
		cfg.OnNotice = nil
		conn, err := dial(ctx, cfg)
		if err != nil {
			break // the pooler has no more connections
		}
		answers.within(cfg.ConnectTimeout)
		defer conn.Close(context.WithoutCancel(ctx))
		tx, err := conn.Begin(ctx)
		if pgsql.SQLState(err) != "" {
			return s.pooled() // by statement, where transactions are refused
		}
		if err != nil {
			break
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
		var theirs int32
		if err := tx.QueryRow(ctx, backendPID).Scan(&theirs); err != nil {
			break
		}
		if theirs == s.pid {
			return s.pooled()
		}
	}
	return s.sameBackend(ctx)
}

// sameBackend returns an error if a pooler has changed the session's backend.
func (s *session) sameBackend(ctx context.Context) error {
	if !s.proxied {
		return nil
	}
	var pid int32
	if err := s.conn.QueryRow(ctx, backendPID).Scan(&pid); err != nil {
		return fmt.Errorf("reading the pid of the backend: %w", err)
	}
	if pid != s.pid {
		return s.pooled()
	}
	return nil
}

func (s *session) pooled() error {
	return &RefusedError{"a connection pooler assigns the server's sessions by transaction or by statement (PgBouncer's pool_mode): migrations need one session. Connect to PostgreSQL directly, or to a pool with pool_mode = session"}
}
