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
}

func (b Blocker) String() string {
	if b.PID == 0 {
		return fmt.Sprintf("a prepared transaction (%s; COMMIT PREPARED or ROLLBACK PREPARED ends it)", strings.Join(b.Prepared, ", "))
	}
	var is []string
	if b.Kind != "client backend" {
		is = append(is, b.Kind)
	}
	if b.User != "" {
		is = append(is, "user "+b.User)
	}
	if b.Application != "" {
		is = append(is, "application "+b.Application)
	}
	is = append(is, b.State)
	if b.Age > 0 {
		is = append(is, fmt.Sprintf("in a transaction for %s", b.Age.Round(time.Second/10)))
	}
	s := fmt.Sprintf("pid %d", b.PID)
	if is = slices.DeleteFunc(is, func(s string) bool { return s == "" }); len(is) > 0 {
		s += " (" + strings.Join(is, ", ") + ")"
	}
	switch {
	case b.Hidden:
		return fmt.Sprintf("%s, whose state and query are hidden from this role (%s shows them)", s, fix.ShowSessions(pgsql.Ident(b.Asker)))
	case b.Query != "":
		s += ": " + b.query()
	}
	return s
}

// query returns the query on one line, cut off if it may contain a password.
func (b Blocker) query() string {
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
	rows, err := conn.Query(ctx, `
SELECT b.pid, COALESCE(a.usename, ''), COALESCE(a.application_name, ''), COALESCE(a.backend_type, ''), COALESCE(a.state, ''), COALESCE(a.query, ''),
       COALESCE(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start), 0)::float8,
       CASE WHEN b.pid = 0 THEN ARRAY(SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database() ORDER BY prepared) ELSE '{}' END,
       current_user
  FROM (SELECT DISTINCT pg_catalog.unnest(pg_catalog.pg_blocking_pids($1)) AS pid) b
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
 ORDER BY b.pid`, pid)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (b Blocker, err error) {
		var age float64
		err = row.Scan(&b.PID, &b.User, &b.Application, &b.Kind, &b.State, &b.Query, &age, &b.Prepared, &b.Asker)
		b.Age = time.Duration(age * float64(time.Second))
		if b.Query == "<insufficient privilege>" {
			b.Query, b.Hidden = "", true
		}
		return b, err
	})
}
