package lint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/oidmap"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// poll is how often a waiting statement is checked.
const poll = time.Millisecond

// watched runs a statement outside a transaction and reads its locks. They are released when it is done, so a second
// session blocks it: it locks all tables, reads which lock the statement waits for, and then falls back to a weaker
// lock, for which only a statement that waits for writers has to wait.
func (r *fileRun) watched(ctx context.Context, u runner.Unit, st *step) error {
	switch st.st.Verb {
	case "DROP DATABASE", "CREATE DATABASE", "DROP TABLESPACE", "CREATE TABLESPACE", "ALTER SYSTEM", "ALTER DATABASE",
		"CREATE SUBSCRIPTION", "ALTER SUBSCRIPTION", "DROP SUBSCRIPTION":
		// A scratch server must not change anything outside the database.
		return nil
	}
	b := *r.now
	b.locks, b.scans = oidmap.Map[locks]{}, oidmap.Map[int64]{}
	st.before, r.now = &b, &b
	blocker, err := r.st.DB.Connect(ctx)
	if err != nil {
		return fmt.Errorf("connecting to watch a statement: %w", err)
	}
	defer blocker.Close(context.WithoutCancel(ctx))
	if err := r.block(ctx, blocker); err != nil {
		return fmt.Errorf("watching a statement: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- r.outside(ctx, u, st) }()
	w := &watch{conn: blocker, pid: r.conn.PgConn().PID(), done: done, asked: make(map[uint32]locks)}
	err = w.run(ctx)
	if watchErr := (*watchError)(nil); errors.As(err, &watchErr) {
		// The statement continues once the blocker is gone.
		_ = blocker.Close(context.WithoutCancel(ctx))
		return errors.Join(err, <-done)
	}
	st.asked = w.asked
	// Outside a transaction the session's counters may include earlier ones.
	st.after.scans = oidmap.Map[int64]{}
	return err
}

// blocks are the blocker's locks, which it releases from the last to the first. They show which lock the statement
// takes first, which one after it has looked up a table's name, and whether it waits for writers.
var blocks = []struct{ savepoint, mode string }{
	{"writer", "ROW EXCLUSIVE"}, {"strong", "EXCLUSIVE"}, {"strongest", "ACCESS EXCLUSIVE"},
}

// block locks all user tables in the blocker's session.
func (r *fileRun) block(ctx context.Context, blocker *pgx.Conn) error {
	var tables []string
	for _, rel := range r.now.relations.All() {
		if (rel.Kind == "r" || rel.Kind == "p") && !strings.HasPrefix(rel.Schema, "pg_temp_") {
			tables = append(tables, pgsql.QualifiedIdent(rel.Schema, rel.Name))
		}
	}
	slices.Sort(tables)
	sql := "BEGIN;"
	for _, l := range blocks {
		sql += "SAVEPOINT " + l.savepoint + ";"
		if len(tables) > 0 {
			sql += "LOCK TABLE ONLY " + strings.Join(tables, ", ONLY ") + " IN " + l.mode + " MODE;"
		}
	}
	_, err := blocker.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// A watchError is a failure of the watching session.
type watchError struct{ err error }

func (e *watchError) Error() string { return "watching a statement: " + e.err.Error() }
func (e *watchError) Unwrap() error { return e.err }

type watch struct {
	conn  *pgx.Conn
	pid   uint32
	done  chan error
	asked map[uint32]locks
}

// run watches the statement until it is done, and returns its error.
func (w *watch) run(ctx context.Context) error {
	for _, b := range slices.Backward(blocks) {
		over, err := w.await(ctx)
		if over || err != nil {
			return err
		}
		if _, err := w.conn.PgConn().Exec(ctx, "ROLLBACK TO "+b.savepoint).ReadAll(); err != nil {
			return &watchError{err}
		}
	}
	// A statement that waits for old transactions waits for this one.
	if _, err := w.conn.PgConn().Exec(ctx, "ROLLBACK").ReadAll(); err != nil {
		return &watchError{err}
	}
	return <-w.done
}

// await returns when the statement is done, or waits for a lock, and records its locks if it waits. Those that it takes
// and releases without waiting would show only by chance.
func (w *watch) await(ctx context.Context) (over bool, err error) {
	for {
		waits, err := w.look(ctx)
		if err != nil {
			return false, &watchError{err}
		}
		if waits {
			return false, nil
		}
		select {
		case err := <-w.done:
			return true, err
		case <-time.After(poll):
		}
	}
}

// look returns whether the statement waits for a lock, and records its locks if so.
func (w *watch) look(ctx context.Context) (waits bool, err error) {
	rows, err := w.conn.Query(ctx, `SELECT coalesce(relation, 0), mode, granted FROM pg_locks WHERE pid = $1`, w.pid)
	if err != nil {
		return false, err
	}
	var relation uint32
	var mode string
	var granted bool
	asked := make(map[uint32]locks)
	_, err = pgx.ForEachRow(rows, []any{&relation, &mode, &granted}, func() error {
		waits = waits || !granted
		if n := strength[mode]; n > 0 && relation >= firstUserOID {
			asked[relation] |= 1 << (n - 1)
		}
		return nil
	})
	if err != nil || !waits {
		return false, err
	}
	for oid, l := range asked {
		w.asked[oid] |= l
	}
	return true, nil
}

// firstUserOID is the first OID that initdb doesn't assign.
const firstUserOID = 16384
