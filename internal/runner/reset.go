package runner

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// resets are what PostgreSQL has to set a session back, in this order: as the role that logged in, whose settings these are.
// DISCARD ALL is all of it in one, and frees every advisory lock, too.
var resets = []string{
	"SET statement_timeout = 0",
	"RESET SESSION AUTHORIZATION",
	"RESET ROLE",
	"RESET ALL",
	"CLOSE ALL",
	"UNLISTEN *",
	"DEALLOCATE ALL",
	"DISCARD PLANS",
	"DISCARD TEMP",
	"DISCARD SEQUENCES",
	"SET search_path = pg_catalog", // no others' functions and operators in what follows
}

// unlockSQL is a SELECT without its first word. It frees each advisory lock of the session once, however often that holds it,
// and returns a row for each, but for that with the key to keep.
func unlockSQL(keep int64) string {
	return fmt.Sprintf(`CASE WHEN objsubid = 1 AND mode = 'ShareLock' THEN pg_advisory_unlock_shared(key)
	WHEN objsubid = 1 THEN pg_advisory_unlock(key)
	WHEN mode = 'ShareLock' THEN pg_advisory_unlock_shared(classid::int4, objid::int4)
	ELSE pg_advisory_unlock(classid::int4, objid::int4) END
FROM pg_locks, LATERAL (SELECT (classid::int8 << 32) | objid::int8 AS key) k
WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
	AND NOT (objsubid = 1 AND mode = 'ExclusiveLock' AND key = %d)`, keep)
}

// storedSQL is an expression for the settings that are stored for the session's database and role: it has those from when it
// began, whatever becomes of them. Names are qualified because any search path may be set.
const storedSQL = `COALESCE((
SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', d.setdatabase, d.setrole, d.setconfig), ', ' ORDER BY d.setdatabase, d.setrole)
  FROM pg_catalog.pg_db_role_setting d
 WHERE d.setdatabase OPERATOR(pg_catalog.=) ANY (ARRAY['0', (SELECT oid FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database())])
   AND d.setrole OPERATOR(pg_catalog.=) ANY (ARRAY['0', (SELECT oid FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) session_user)])), '')`

// Reset gives the next script the session that a connection of its own would give it. It reports whether that can be done: if
// not, only a new connection can. What is lost with the session then is the caller's to bring along, as its locks.
//
// It takes one round trip, and none if no script has run since the last one.
func (s *Session) Reset(ctx context.Context) (bool, error) {
	if !s.used {
		return true, nil
	}
	first := !s.ran.read
	sql := strings.Join(resets, ";\n") + ";\nSELECT " + unlockSQL(s.opts.Keep)
	if first {
		sql += ";\n" + routinesSQL
	}
	sql += ";\nSELECT " + s.settingsSQL() + ", " + storedSQL + ", " + s.ran.blankSQL()
	results, err := s.Conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return false, fmt.Errorf("setting the session back: %w", err)
	}
	forget(s.Conn)
	if first {
		s.ran.routines(results[len(resets)+1])
	}
	if len(results[len(resets)].Rows) > 0 {
		if err := s.unlock(ctx); err != nil {
			return false, err
		}
	}
	last := results[len(results)-1].Rows[0]
	stale := string(last[1]) != s.stored || string(last[2]) == "t" || s.ran.loads
	if first && !stale {
		if err := s.Conn.QueryRow(ctx, "SELECT "+s.ran.blankSQL()).Scan(&stale); err != nil {
			return false, fmt.Errorf("looking for settings that a script made: %w", err)
		}
	}
	s.ran.loads = s.ran.loader
	s.used = stale
	return !stale, nil
}

// ReadRoutines reads what the database's routines do that a reset doesn't undo. Reset does that by itself, [Session.Resetting]
// doesn't.
func (s *Session) ReadRoutines(ctx context.Context) error {
	results, err := s.Conn.PgConn().Exec(ctx, routinesSQL).ReadAll()
	if err != nil {
		return fmt.Errorf("reading the database's routines: %w", err)
	}
	s.ran.routines(results[0])
	return nil
}

// unlock frees advisory locks that the session holds more than once.
func (s *Session) unlock(ctx context.Context) error {
	for {
		results, err := s.Conn.PgConn().Exec(ctx, "SELECT "+unlockSQL(s.opts.Keep)).ReadAll()
		if err != nil {
			return fmt.Errorf("freeing advisory locks: %w", err)
		}
		if len(results[0].Rows) == 0 {
			return nil
		}
	}
}

// forget has pgx forget what it has prepared on a connection of which the server has forgotten it already.
func forget(conn *pgx.Conn) {
	over, cancel := context.WithCancel(context.Background())
	cancel() // so that nothing is sent
	_ = conn.DeallocateAll(over)
}
