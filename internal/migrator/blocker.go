package migrator

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// Blocker is a session that holds a lock that we wait for, or queues for it before us.
type Blocker struct {
	PID         int // 0: a prepared transaction, which has no session
	User        string
	Application string
	Kind        string        // "client backend", "autovacuum worker", ...
	State       string        // "active", "idle in transaction", ...
	Query       string        // the last one; "" if hidden
	Age         time.Duration // of its transaction; 0 if unknown
	Hidden      bool          // state and query are visible only to members of pg_read_all_stats
	Asker       string        // the role that asked
	Prepared    []string      // if PID is 0: the ids of the database's prepared transactions
	Copying     *Copying      // nil if it isn't, or the server is older than 14
}

// Copying is the progress of a COPY of a table of the same database.
type Copying struct {
	Table       string // qualified
	Rows, Bytes int64  // so far
}

func (c Copying) String() string {
	return fmt.Sprintf("now copying %s: %s rows, %s so far", c.Table, words.Thousands(c.Rows), size(c.Bytes))
}

// age formats how long a transaction has been open: "2 h 10 min", "3 min 5 s", "0.4 s".
func age(d time.Duration) string {
	switch {
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func (b Blocker) String() string {
	if b.PID == 0 {
		return fmt.Sprintf("a prepared transaction (%s; COMMIT PREPARED or ROLLBACK PREPARED ends it)", strings.Join(b.Prepared, ", "))
	}
	s := fmt.Sprintf("pid %d", b.PID)
	var is []string
	if b.Application != "" { // a client may name itself as it likes
		s, is = b.Application, []string{s, "by application_name"}
	}
	if b.Kind != "client backend" {
		is = append(is, b.Kind)
	}
	if b.User != "" {
		is = append(is, "user "+b.User)
	}
	is = append(is, b.State)
	if is = slices.DeleteFunc(is, func(s string) bool { return s == "" }); len(is) > 0 {
		s += " (" + strings.Join(is, ", ") + ")"
	}
	if b.Age > 0 {
		s += ", in a transaction for " + age(b.Age)
	}
	switch {
	case b.Hidden:
		return fmt.Sprintf("%s, age not visible (%s shows it, and the state and the query)", s, fix.ShowSessions(pgsql.Ident(b.Asker)))
	case b.Copying != nil:
		return fmt.Sprintf("%s; %s", s, b.Copying)
	case b.Query != "":
		s += ": " + b.ShownQuery()
	}
	return s
}

// ShownQuery returns the query on one line, cut off if it may contain a password.
func (b Blocker) ShownQuery() string {
	q := pgsql.OneLine(b.Query, shown)
	if strings.Contains(strings.ToLower(b.Query), "password") {
		word, _, _ := strings.Cut(q, " ")
		return word + " ..."
	}
	return q
}

func blockedBy(blockers []Blocker) string {
	texts := make([]string, len(blockers))
	for i, b := range blockers {
		texts[i] = b.String()
	}
	return strings.Join(texts, "; ")
}

func samePIDs(a, b []Blocker) bool {
	return slices.EqualFunc(a, b, func(a, b Blocker) bool { return a.PID == b.PID })
}

// blockers returns what the backend pid waits for.
func blockers(ctx context.Context, conn *pgx.Conn, pid int32) ([]Blocker, error) {
	return readBlockers(ctx, conn, "pg_catalog.pg_blocking_pids($1)", pid)
}

// sessions describes the sessions with these pids.
func sessions(ctx context.Context, conn *pgx.Conn, pids []int32) ([]Blocker, error) {
	return readBlockers(ctx, conn, "$1::pg_catalog.int4[]", pids)
}

// readBlockers describes the sessions whose pids an expression of $1 returns in an array.
func readBlockers(ctx context.Context, conn *pgx.Conn, pids string, arg any) ([]Blocker, error) {
	progress := "(SELECT NULL::int AS pid, NULL::oid AS relid, NULL::int8 AS bytes_processed, NULL::int8 AS tuples_processed)"
	if pgsql.MajorVersion(conn.PgConn().ParameterStatus("server_version")) >= 14 {
		progress = "(SELECT * FROM pg_catalog.pg_stat_progress_copy WHERE relid <> 0 AND datname = pg_catalog.current_database())"
	}
	rows, err := conn.Query(ctx, `
SELECT b.pid, COALESCE(a.usename, ''), COALESCE(a.application_name, ''), COALESCE(a.backend_type, ''), COALESCE(a.state, ''), COALESCE(a.query, ''),
       COALESCE(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start), 0)::float8,
       CASE WHEN b.pid = 0 THEN ARRAY(SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database() ORDER BY prepared) ELSE '{}' END,
       current_user, COALESCE(n.nspname, ''), COALESCE(r.relname, ''), COALESCE(c.tuples_processed, 0), COALESCE(c.bytes_processed, 0)
  FROM (SELECT DISTINCT pg_catalog.unnest(`+pids+`) AS pid) b
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
  LEFT JOIN `+progress+` c ON c.pid = b.pid
  LEFT JOIN pg_catalog.pg_class r ON r.oid = c.relid
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
 ORDER BY b.pid`, arg)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (b Blocker, err error) {
		var age float64
		var schema, table string
		var c Copying
		err = row.Scan(&b.PID, &b.User, &b.Application, &b.Kind, &b.State, &b.Query, &age, &b.Prepared, &b.Asker, &schema, &table, &c.Rows, &c.Bytes)
		if table != "" {
			c.Table = pgsql.Ident(schema) + "." + pgsql.Ident(table)
			b.Copying = &c
		}
		b.Age = time.Duration(age * float64(time.Second))
		if b.Query == "<insufficient privilege>" {
			b.Query, b.Hidden = "", true
		}
		return b, err
	})
}
