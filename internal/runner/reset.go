package runner

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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

// unlockSQL frees each advisory lock of the session once, however often that holds it, but for the one with the key to keep, and
// returns a row for each.
func unlockSQL(keep int64) string {
	return "SELECT CASE WHEN objsubid = 1 AND mode = 'ShareLock' THEN pg_advisory_unlock_shared(" + lockKeySQL + ") WHEN objsubid = 1 THEN pg_advisory_unlock(" + lockKeySQL + ")" +
		" WHEN mode = 'ShareLock' THEN pg_advisory_unlock_shared(classid::int4, objid::int4) ELSE pg_advisory_unlock(classid::int4, objid::int4) END" +
		advisorySQL(keep)
}

const lockKeySQL = "((classid::int8 << 32) | objid::int8)"

// advisorySQL selects from the advisory locks that unlockSQL frees. What it calls is what pg_locks is a view of.
func advisorySQL(keep int64) string {
	return " FROM pg_lock_status() WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted" +
		fmt.Sprintf(" AND NOT (objsubid = 1 AND mode = 'ExclusiveLock' AND %s = %d)", lockKeySQL, keep)
}

// storedSQL is an expression for the settings that are stored for a database and a role, given by expressions of their OIDs: a
// session has those from when it began, whatever becomes of them. Names are qualified because any search path may be set.
func storedSQL(database, role string) string {
	return "(SELECT COALESCE(pg_catalog.string_agg(d::pg_catalog.text, ', ' ORDER BY d::pg_catalog.text COLLATE pg_catalog.\"C\"), '') FROM pg_catalog.pg_db_role_setting d" +
		" WHERE (d.setdatabase OPERATOR(pg_catalog.=) '0' OR d.setdatabase OPERATOR(pg_catalog.=) " + database + ")" +
		" AND (d.setrole OPERATOR(pg_catalog.=) '0' OR d.setrole OPERATOR(pg_catalog.=) " + role + "))"
}

const (
	databaseSQL = "(SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())"
	loginSQL    = "(SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) session_user)"
)

// storedNow is the value of storedSQL made of the whole table's rows, which the server plans in less time than the search.
func (s *Session) storedNow(rows *pgconn.Result) string {
	of := func(oid []byte, own uint32) bool {
		return string(oid) == "0" || string(oid) == strconv.FormatUint(uint64(own), 10)
	}
	var stored []string
	for _, row := range rows.Rows {
		if of(row[0], s.database) && of(row[1], s.loginOID) {
			stored = append(stored, string(row[2]))
		}
	}
	slices.Sort(stored)
	return strings.Join(stored, ", ")
}

// Reset gives the next script the session that a connection of its own would give it. It reports whether that can be done: if
// not, only a new connection can. What is lost with the session then is the caller's to bring along, as its locks.
//
// It takes one round trip, unless the script has left advisory locks, and none if no script has run since the last one.
func (s *Session) Reset(ctx context.Context) (bool, error) {
	if !s.used {
		return true, nil
	}
	first := !s.ran.read
	sql := slices.Concat(resets, []string{
		"SELECT d.setdatabase, d.setrole, d::text FROM pg_db_role_setting d",
		"SELECT " + advisorySQL(s.opts.Keep),
	})
	stored, locks, last := len(resets), len(resets)+1, len(sql)
	if first {
		sql = append(sql, routinesSQL)
	} else {
		sql = append(sql, "SELECT "+s.ran.blankSQL())
	}
	for _, v := range s.opts.settings(serverMajor(s.Conn)) {
		sql = append(sql, v.sql())
	}
	results, err := s.Conn.PgConn().Exec(ctx, strings.Join(sql, ";\n")).ReadAll()
	if err != nil {
		return false, fmt.Errorf("setting the session back: %w", err)
	}
	forget(s.Conn)
	if len(results[locks].Rows) > 0 {
		if err := s.unlock(ctx); err != nil {
			return false, err
		}
	}
	stale := s.storedNow(results[stored]) != s.stored
	if first {
		s.ran.routines(results[last])
		var blank bool
		if err := s.Conn.QueryRow(ctx, "SELECT "+s.ran.blankSQL()).Scan(&blank); err != nil {
			return false, fmt.Errorf("looking for settings that a script made: %w", err)
		}
		stale = stale || blank
	} else {
		stale = stale || string(results[last].Rows[0][0]) == "t"
	}
	stale = stale || s.ran.loads
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
		results, err := s.Conn.PgConn().Exec(ctx, "BEGIN; SET LOCAL search_path = pg_catalog; "+unlockSQL(s.opts.Keep)+"; COMMIT").ReadAll()
		if err != nil {
			return fmt.Errorf("freeing advisory locks: %w", err)
		}
		if len(results[2].Rows) == 0 {
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
