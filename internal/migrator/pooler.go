package migrator

import (
	"context"
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// Session settings, the session's advisory lock and the observer need one backend
// for the whole session. A pooler that hands backends out by the transaction or
// by the statement breaks all three without a word; one that does it by the
// session serves.

// backendPID asks for the pid of the process that serves a connection.
const backendPID = "SELECT pg_catalog.pg_backend_pid()"

// setUp gives the session its settings, and refuses a pooler that changes the
// process that serves it. Behind one that doesn't, the settings take a further
// round trip: only then is it known that they stay this session's.
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

// refusePooling opens further clients, each with a transaction. A pooler by the
// session gives each client a backend of its own that it keeps; any other gives
// ours, which is idle, to one of them.
func (s *session) refusePooling(ctx context.Context) error {
	const clients = 3
	for range clients {
		cfg, answers := s.m.connConfig()
		cfg.OnNotice = nil
		conn, err := dial(ctx, cfg)
		if err != nil {
			break // the pooler has no more to give: what was seen until here must do
		}
		answers.within(cfg.ConnectTimeout)
		defer conn.Close(context.WithoutCancel(ctx))
		tx, err := conn.Begin(ctx)
		if pgsql.SQLState(err) != "" {
			return s.pooled() // by the statement, where transactions are refused
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

// sameBackend refuses to go on if the session's backend has changed. Only a
// pooler changes it.
func (s *session) sameBackend(ctx context.Context) error {
	if !s.proxied {
		return nil
	}
	var pid int32
	if err := s.conn.QueryRow(ctx, backendPID).Scan(&pid); err != nil {
		return fmt.Errorf("asking for the server's process: %w", err)
	}
	if pid != s.pid {
		return s.pooled()
	}
	return nil
}

func (s *session) pooled() error {
	return &RefusedError{"a connection pooler stands before this database and hands sessions on between transactions (PgBouncer's pool_mode = transaction or statement): migrations need a session of their own. Connect to PostgreSQL itself, or to a pool with pool_mode = session"}
}
