package lint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

const (
	shareLock             = "ShareLock"
	shareRowExclusiveLock = "ShareRowExclusiveLock"
	accessExclusiveLock   = "AccessExclusiveLock"
)

// A tracer runs files on a throwaway database, which stands as the files before left it.
type tracer struct {
	st   *state.State
	conn *pgx.Conn
	// base is what there was before the change.
	base *snapshot
	now  *snapshot
	tx   int

	messages []*pgconn.Notice
}

// newTracer returns a tracer with a session of its own: the counters that tell scans hold what earlier transactions of a
// session did for a while.
func newTracer(ctx context.Context, st *state.State) (*tracer, error) {
	t := &tracer{st: st}
	cfg := st.DB.ConnConfig()
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { t.messages = append(t.messages, n) }
	var err error
	if t.conn, err = pgx.ConnectConfig(ctx, cfg); err != nil {
		return nil, fmt.Errorf("connecting to the dev database: %w", err)
	}
	if err := t.session(ctx); err != nil {
		t.close(ctx)
		return nil, err
	}
	if t.base, err = readSnapshot(ctx, t.conn); err != nil {
		t.close(ctx)
		return nil, err
	}
	t.now = t.base
	return t, nil
}

func (t *tracer) close(ctx context.Context) { _ = t.conn.Close(context.WithoutCancel(ctx)) }

// session sets the session up as migrations have it, but for the messages.
func (t *tracer) session(ctx context.Context) error {
	if err := migration.Session(ctx, t.conn, migration.SessionOptions{}); err != nil {
		return err
	}
	return t.exec(ctx, "SET client_min_messages = debug1")
}

func (t *tracer) exec(ctx context.Context, sql string) error {
	_, err := t.conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// snapshot reads the catalogs. What they say is spelled by the search path, which a file may have changed.
func (t *tracer) snapshot(ctx context.Context, changesSession bool) (*snapshot, error) {
	if !changesSession {
		return readSnapshot(ctx, t.conn)
	}
	// The file's own limit of a statement's time is not for us.
	local := t.conn.PgConn().TxStatus() != 'I'
	set := func(path, timeout string) error {
		if _, err := t.conn.Exec(ctx, "SELECT pg_catalog.set_config('statement_timeout', $3, $2), pg_catalog.set_config('search_path', $1, $2)", path, local, timeout); err != nil {
			return fmt.Errorf("setting the search path: %w", err)
		}
		return nil
	}
	var path, timeout string
	var schemas []string
	if err := t.conn.QueryRow(ctx, "SELECT current_setting('search_path'), current_setting('statement_timeout'), pg_catalog.current_schemas(false)::text[]").Scan(&path, &timeout, &schemas); err != nil {
		return nil, fmt.Errorf("reading the search path: %w", err)
	}
	if err := set("public", "0"); err != nil {
		return nil, err
	}
	s, err := readSnapshot(ctx, t.conn)
	if err != nil {
		return nil, err
	}
	s.path = append([]string{}, schemas...)
	return s, set(path, timeout)
}

// run runs a file as the migrator would and looks at the database after each statement. A statement that PostgreSQL refuses is
// part of the trace, and what comes behind it runs all the same, so that one run shows all there is to say. The error says that
// the tracer failed.
func (t *tracer) run(ctx context.Context, f *migration.File) (tr *trace, err error) {
	r := &fileRun{tracer: t, trace: &trace{file: f}, changesSession: state.ChangesSession(f.Stmts)}
	if f.TxNone {
		err = r.separately(ctx)
	} else {
		err = r.together(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("running %s: %w", f.Name, err)
	}
	if r.changesSession {
		if err := t.exec(ctx, "RESET SESSION AUTHORIZATION; RESET ALL"); err != nil {
			return nil, fmt.Errorf("setting the session back after %s: %w", f.Name, err)
		}
		if err := t.session(ctx); err != nil {
			return nil, err
		}
		now := *t.now
		now.path = nil
		t.now = &now
	}
	return r.trace, nil
}

type fileRun struct {
	*tracer
	*trace
	changesSession bool
	// imitated are locks that only an imitation took.
	imitated map[lockKey]bool
}

// look reads the catalogs, without the locks of imitations.
func (r *fileRun) look(ctx context.Context) (*snapshot, error) {
	s, err := r.snapshot(ctx, r.changesSession)
	if err != nil {
		return nil, err
	}
	for l := range r.imitated {
		delete(s.locks, l)
	}
	return s, nil
}

// imitate runs a statement that works concurrently, and that PostgreSQL refuses in a transaction, without that: what comes behind
// it may stand on what it does.
func (r *fileRun) imitate(ctx context.Context, st *step) error {
	i := st.st.find(0, "CONCURRENTLY")
	if i < 0 || st.st.verb != "CREATE INDEX" && st.st.verb != "DROP INDEX" {
		return nil
	}
	t := st.st.words[i]
	text := st.stmt.Text[:t.Pos.Offset] + st.stmt.Text[t.Pos.Offset+len(t.Text):]
	if err := r.exec(ctx, savepoint); err != nil {
		return err
	}
	if err := r.exec(ctx, text); err != nil {
		return r.exec(ctx, goBack)
	}
	after, err := r.look(ctx)
	if err != nil {
		return err
	}
	if r.imitated == nil {
		r.imitated = make(map[lockKey]bool)
	}
	for l := range after.locks {
		if !st.before.locks[l] {
			r.imitated[l] = true
			delete(after.locks, l)
		}
	}
	st.after, r.now = after, after
	return r.readDefinitions(ctx, st)
}

func (r *fileRun) newStep(s pgsql.Stmt) *step {
	st := &step{stmt: s, st: parse(s), tx: r.tx, before: r.now, after: r.now}
	r.steps = append(r.steps, st)
	return st
}

func (r *fileRun) fail(e *state.StmtError) {
	r.incomplete = true
	if r.failed == nil {
		r.failed = e
	}
}

// together runs the file in one transaction.
func (r *fileRun) together(ctx context.Context) (err error) {
	if len(r.file.Stmts) == 0 {
		return nil
	}
	r.tx++
	if err := r.exec(ctx, "BEGIN"); err != nil {
		return err
	}
	if err := r.baseline(ctx); err != nil {
		return err
	}
	atStart := r.now
	var next *statement
	for i, s := range r.file.Stmts {
		st := r.newStep(s)
		if next != nil {
			st.st = next
		}
		next = nil
		if st.st.addsRows() && i+1 < len(r.file.Stmts) {
			next = parse(r.file.Stmts[i+1])
			st.rows = next.addsRows() && next.targets[0] == st.st.targets[0]
		}
		if class := s.Class(); class == pgsql.TransactionControl || class == pgsql.Standalone {
			st.refused, r.incomplete = true, true
			if err := r.imitate(ctx, st); err != nil {
				return err
			}
			continue
		}
		if err := r.step(ctx, st, true); err != nil {
			return err
		}
	}
	r.steps[len(r.steps)-1].last = true
	end := "COMMIT"
	if r.incomplete {
		end = "ROLLBACK"
	}
	if err := r.exec(ctx, end); err != nil {
		// What was deferred failed: the last statement is the nearest place.
		last := r.file.Stmts[len(r.file.Stmts)-1]
		stmtErr, err := refused(&state.StmtError{File: r.file.Name, Pos: last.Pos, Stmt: last.Text, Err: err})
		if err != nil {
			return err
		}
		r.fail(stmtErr)
		end = "ROLLBACK"
	}
	if end == "ROLLBACK" {
		r.now = atStart
	}
	return nil
}

// separately runs each statement in a transaction of its own, or in none.
func (r *fileRun) separately(ctx context.Context) error {
	for _, s := range r.file.Stmts {
		r.tx++
		st := r.newStep(s)
		st.last = true
		if s.Class() == pgsql.TransactionControl {
			st.refused, r.incomplete = true, true
			continue
		}
		var err error
		if s.Class() == pgsql.Standalone {
			err = r.standalone(ctx, st)
		} else {
			err = r.alone(ctx, st)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// alone runs a statement in a transaction of its own.
func (r *fileRun) alone(ctx context.Context, st *step) error {
	if err := r.exec(ctx, "BEGIN"); err != nil {
		return err
	}
	if err := r.baseline(ctx); err != nil {
		return err
	}
	st.before, st.after = r.now, r.now
	failed, incomplete := r.failed, r.incomplete
	if err := r.step(ctx, st, true); err != nil {
		return err
	}
	if st.failed != nil && sqlState(st.failed) == invalidTermination {
		// Code that commits runs in no transaction of ours.
		if err := r.exec(ctx, "ROLLBACK"); err != nil {
			return err
		}
		r.failed, r.incomplete, st.failed = failed, incomplete, nil
		return r.step(ctx, st, false)
	}
	end := "COMMIT"
	if st.failed != nil {
		end = "ROLLBACK"
	}
	if err := r.exec(ctx, end); err != nil {
		stmtErr, err := refused(&state.StmtError{File: r.file.Name, Pos: st.stmt.Pos, Stmt: st.stmt.Text, Err: err})
		if err != nil {
			return err
		}
		st.failed = stmtErr
		r.fail(stmtErr)
		r.now = st.before
	}
	return nil
}

// baseline takes the locks and counts of a transaction that has just begun for those before the next statement.
func (r *fileRun) baseline(ctx context.Context) error {
	b := *r.now
	b.locks, b.counts = nil, make(map[uint32]counts)
	rows, err := r.conn.Query(ctx, queries()["counts"])
	if err == nil {
		var list []counts
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[counts])
		for _, c := range list {
			b.counts[c.Relation] = c
		}
	}
	if err != nil {
		return fmt.Errorf("reading counters: %w", err)
	}
	r.now = &b
	return nil
}

const (
	savepoint = "SAVEPOINT lint_statement"
	goBack    = "ROLLBACK TO lint_statement"
)

// step runs a statement and looks at what it did. In a transaction a failure leaves no trace.
func (r *fileRun) step(ctx context.Context, st *step, inTx bool) error {
	failed, err := r.try(ctx, st, inTx)
	if err != nil {
		return err
	}
	if failed != nil && sqlState(failed) == undefinedObject {
		made, err := r.st.CreateRoles(ctx, st.stmt.Text)
		if err != nil {
			return err
		}
		if made {
			if err := r.forget(ctx, inTx); err != nil {
				return err
			}
			if failed, err = r.try(ctx, st, inTx); err != nil {
				return err
			}
		}
	}
	if failed != nil && aboutRows(failed) {
		// The rows of the scratch database are in the way. What the statement does otherwise is seen without them.
		st.data = failed
		if err := r.withoutRows(ctx, st); err != nil {
			return err
		}
		if failed, err = r.try(ctx, st, inTx); err != nil {
			return err
		}
	}
	if failed != nil {
		st.failed, st.data = failed, nil
		r.fail(failed)
		return nil
	}
	if st.data != nil {
		r.fail(st.data)
	}
	if st.rows {
		return nil
	}
	switch st.st.verb {
	case "DISCARD", "DEALLOCATE":
		if err := r.conn.DeallocateAll(ctx); err != nil {
			return fmt.Errorf("preparing statements again: %w", err)
		}
	}
	if st.after, err = r.look(ctx); err != nil {
		return err
	}
	r.now = st.after
	if inTx {
		if err := r.compareSkipped(ctx, st); err != nil {
			return err
		}
	}
	if err := r.readDefinitions(ctx, st); err != nil {
		return err
	}
	return r.readUses(ctx, st)
}

// readDefinitions reads those of the indexes that the statement made.
func (r *fileRun) readDefinitions(ctx context.Context, st *step) error {
	var made []uint32
	for oid := range st.after.indexes {
		if st.before.indexes[oid] == nil {
			made = append(made, oid)
		}
	}
	if len(made) == 0 {
		return nil
	}
	st.definitions = make(map[uint32]string)
	rows, err := r.conn.Query(ctx, queries()["definitions"], made)
	if err != nil {
		return fmt.Errorf("reading definitions of indexes: %w", err)
	}
	var oid uint32
	var definition string
	_, err = pgx.ForEachRow(rows, []any{&oid, &definition}, func() error {
		st.definitions[oid] = definition
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading definitions of indexes: %w", err)
	}
	return nil
}

// forget makes the session look up roles anew that were not there before: what other sessions change it hears of when it takes
// a lock that it does not have.
func (r *fileRun) forget(ctx context.Context, inTx bool) error {
	if !inTx {
		return nil
	}
	return r.exec(ctx, savepoint+"; SELECT FROM pg_catalog.pg_largeobject_metadata; "+goBack)
}

// try runs a statement.
func (r *fileRun) try(ctx context.Context, st *step, inTx bool) (*state.StmtError, error) {
	if inTx {
		if err := r.exec(ctx, savepoint); err != nil {
			return nil, err
		}
	}
	r.messages = nil
	failed, err := refused(state.RunFile(ctx, r.conn, []pgsql.Stmt{st.stmt}, true, r.file.Name))
	st.messages = r.messages
	if err != nil {
		return nil, err
	}
	if inTx {
		end := "RELEASE lint_statement"
		if failed != nil {
			end = goBack
		}
		if err := r.exec(ctx, end); err != nil {
			return nil, err
		}
	}
	return failed, nil
}

// withoutRows deletes the rows of all tables, as far as constraints let it.
func (r *fileRun) withoutRows(ctx context.Context, st *step) error {
	var deletes strings.Builder
	var drops []string
	now, err := r.snapshot(ctx, r.changesSession)
	if err != nil {
		return err
	}
	for _, oid := range slices.Sorted(maps.Keys(now.relations)) {
		switch rel := now.relations[oid]; {
		case rel.Kind == "r":
			fmt.Fprintf(&deletes, "BEGIN DELETE FROM ONLY %s; EXCEPTION WHEN OTHERS THEN NULL; END;\n", pgsql.QualifiedIdent(rel.Schema, rel.Name))
		case now.indexes[oid] != nil && !now.indexes[oid].Valid && r.now.indexes[oid] == nil:
			// What a concurrent build left.
			drops = append(drops, "DROP INDEX "+pgsql.QualifiedIdent(rel.Schema, rel.Name))
		}
	}
	for _, sql := range drops {
		if err := r.exec(ctx, sql); err != nil {
			return err
		}
	}
	// Each pass deletes what nothing refers to any more.
	if err := r.exec(ctx, "DO $lint$ BEGIN FOR i IN 1..5 LOOP\n"+deletes.String()+"END LOOP; END $lint$"); err != nil {
		return fmt.Errorf("deleting the scratch database's rows: %w", err)
	}
	if now, err = r.snapshot(ctx, r.changesSession); err != nil {
		return err
	}
	// The locks that the statement finds are those from before.
	now.locks = st.before.locks
	st.before, st.after, r.now = now, now, now
	return nil
}

// aboutRows reports whether rows led to a failure: integrity constraints and values.
func aboutRows(e *state.StmtError) bool {
	code := sqlState(e)
	return strings.HasPrefix(code, "23") || strings.HasPrefix(code, "22")
}

func sqlState(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

const (
	undefinedObject    = "42704" // the SQLSTATE of a role that does not exist, among others
	invalidTermination = "2D000" // that of code that commits or rolls back in a transaction that is not its own
)

// refused tells a statement that PostgreSQL refused from everything else that may go wrong.
func refused(err error) (*state.StmtError, error) {
	var stmt *state.StmtError
	var pg *pgconn.PgError
	if errors.As(err, &stmt) && errors.As(err, &pg) {
		return stmt, nil
	}
	return nil, err
}

// A use is an object whose contents a function computed.
type use struct {
	Table uint32
	Text  string // "index orders_total"
}

// readUses looks up what depends on functions that the statement replaced.
func (r *fileRun) readUses(ctx context.Context, st *step) error {
	for oid, before := range st.before.functions {
		after := st.after.functions[oid]
		if after == nil || after.Version == before.Version {
			continue
		}
		rows, err := r.conn.Query(ctx, queries()["uses"], oid)
		if err != nil {
			return fmt.Errorf("reading what uses a function: %w", err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[use])
		if err != nil {
			return fmt.Errorf("reading what uses a function: %w", err)
		}
		if len(list) > 0 {
			if st.uses == nil {
				st.uses = make(map[uint32][]use)
			}
			st.uses[oid] = list
		}
	}
	return nil
}
