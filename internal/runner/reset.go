package runner

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// resets are the statements that reset a session, in this order, as the role that logged in, whose settings these are.
// DISCARD ALL does all of it, but also frees every advisory lock.
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
	"SET search_path = pg_catalog", // so that what follows finds no other functions and operators
}

// unlockSQL returns a query that frees each advisory lock of the session once, even if it is held several times, except
// the one with the key keep (0: none), and has a row for each.
func unlockSQL(keep int64) string {
	sql := "SELECT CASE WHEN objsubid = 1 AND mode = 'ShareLock' THEN pg_advisory_unlock_shared(" + lockKeySQL + ") WHEN objsubid = 1 THEN pg_advisory_unlock(" + lockKeySQL + ")" +
		" WHEN mode = 'ShareLock' THEN pg_advisory_unlock_shared(classid::int4, objid::int4) ELSE pg_advisory_unlock(classid::int4, objid::int4) END" +
		advisorySQL
	if keep != 0 {
		sql += fmt.Sprintf(" AND NOT (objsubid = 1 AND mode = 'ExclusiveLock' AND %s = %d)", lockKeySQL, keep)
	}
	return sql
}

const (
	lockKeySQL = "((classid::int8 << 32) | objid::int8)"

	// advisorySQL selects from the session's advisory locks, by the function under the view pg_locks.
	advisorySQL = " FROM pg_lock_status() WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted"

	// locksSQL selects the session's advisory locks, for foreign.
	locksSQL = "SELECT classid, objid, objsubid, mode" + advisorySQL
)

// foreign reports whether one of the locks of locksSQL isn't the one with the key keep.
func foreign(locks *pgconn.Result, keep int64) bool {
	own := fmt.Sprint(uint64(keep)>>32, uint32(keep), 1, " ExclusiveLock")
	for _, row := range locks.Rows {
		if keep == 0 || fmt.Sprintf("%s %s %s %s", row[0], row[1], row[2], row[3]) != own {
			return true
		}
	}
	return false
}

// storedSQL is an expression for the settings that are stored for databases and roles. A session keeps those of when it
// started. Those of other databases and roles are included, because excluding them would slow down every new session,
// and a change to them costs only a new connection. Names are qualified because any search path may be set.
const storedSQL = "ARRAY(SELECT d::pg_catalog.text FROM pg_catalog.pg_db_role_setting d)::pg_catalog.text"

// Reset makes the session like that of a new connection for the next script. It reports false if only a new connection
// can do that, on which the caller must restore what the session had, such as locks.
//
// It takes one round trip, unless the script has left advisory locks, and none if no script has run since the last
// reset.
func (s *Session) Reset(ctx context.Context) (bool, error) {
	if !s.used {
		return true, nil
	}
	first := !s.ran.read
	sql := s.resetting()
	if first {
		sql = append(sql, routinesSQL)
	}
	if err := s.encode(ctx, ownEncoding); err != nil {
		return false, err
	}
	results, err := s.query(ctx, sql...)
	if err != nil {
		s.rollback(ctx)
		return false, fmt.Errorf("resetting the session: %w", err)
	}
	ok, locks := s.reset(results)
	if locks {
		if err := s.unlock(ctx); err != nil {
			return false, err
		}
	}
	if first {
		s.ran.routines(results[len(sql)-1])
		var blank bool
		if err := s.Conn.QueryRow(ctx, "SELECT "+s.ran.blankSQL()).Scan(&blank); err != nil {
			return false, fmt.Errorf("checking for settings that a script created: %w", err)
		}
		ok = ok && !blank && !s.ran.loads
	}
	s.ran.loads = s.ran.loader
	s.used = !ok
	return ok, nil
}

// Begin resets the session, begins a transaction and runs sql in it. It returns the results of sql as Query does. If
// the next script needs a new connection, ok is false and no transaction has begun. It takes one round trip, unless
// Reset takes more than one.
func (s *Session) Begin(ctx context.Context, sql ...string) (results []*pgconn.Result, ok bool, err error) {
	begin := slices.Concat([]string{"BEGIN"}, sql)
	if s.used && s.ran.read {
		if err := s.encode(ctx, ownEncoding); err != nil {
			return nil, false, err
		}
		resetting := s.resetting()
		results, err := s.query(ctx, slices.Concat(resetting, begin)...)
		if len(results) < len(resetting) {
			s.rollback(ctx)
			return nil, false, fmt.Errorf("resetting the session: %w", err)
		}
		if ok, locks := s.reset(results); ok && !locks {
			s.ran.loads, s.used = s.ran.loader, false
			return results[min(len(resetting)+1, len(results)):], true, err
		}
		s.rollback(ctx)
	}
	if ok, err = s.Reset(ctx); err != nil || !ok {
		return nil, ok, err
	}
	results, err = s.Query(ctx, begin...)
	return results[min(1, len(results)):], true, err
}

// resetting returns the statements that reset a session and read what they can't reset. They are a transaction, with
// the isolation level set because the script may have changed the default.
func (s *Session) resetting() []string {
	sql := slices.Concat([]string{"BEGIN ISOLATION LEVEL READ COMMITTED"}, resets, []string{
		"SELECT " + storedSQL + ", " + s.ran.blankSQL(),
		locksSQL,
	})
	for _, v := range s.opts.settings(serverMajor(s.Conn)) {
		sql = append(sql, v.sql())
	}
	return append(sql, "COMMIT")
}

// reset reports, from the results of resetting, whether the session is like a new one and whether it still holds
// advisory locks.
func (s *Session) reset(results []*pgconn.Result) (ok, locks bool) {
	forget(s.Conn)
	asked := results[1+len(resets):]
	left := asked[0].Rows[0]
	stale := string(left[0]) != s.stored || string(left[1]) == "t" || s.ran.loads
	return !stale, foreign(asked[1], s.opts.Keep)
}

// ReadRoutines reads the database's routines whose effects a reset doesn't undo. Call it before [Session.Resetting];
// Reset does it itself.
func (s *Session) ReadRoutines(ctx context.Context) error {
	results, err := s.Conn.PgConn().Exec(ctx, routinesSQL).ReadAll()
	if err != nil {
		return fmt.Errorf("reading the database's routines: %w", err)
	}
	s.ran.routines(results[0])
	return nil
}

// unlock frees advisory locks, including those held several times.
func (s *Session) unlock(ctx context.Context) error {
	for {
		results, err := s.Conn.PgConn().Exec(ctx, "BEGIN; SET LOCAL search_path = pg_catalog; "+unlockSQL(s.opts.Keep)+"; COMMIT").ReadAll()
		if err != nil {
			return fmt.Errorf("freeing advisory locks: %w", err)
		}
		if len(results[2].Rows) == 0 {
			return nil
		}
	}
}

// forget clears the prepared statements that pgx remembers, after the server has deallocated them.
func forget(conn *pgx.Conn) {
	over, cancel := context.WithCancel(context.Background())
	cancel() // so that nothing is sent
	_ = conn.DeallocateAll(over)
}
