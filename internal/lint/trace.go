package lint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/oidmap"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/syscat"
)

// run runs a file as the migrator would and reads the catalogs after each statement. A statement that PostgreSQL
// rejects is part of the trace, and the statements after it still run, so that one run finds everything. An error means
// that the tracer failed.
func (t *tracer) run(ctx context.Context, f *migration.File) (tr *trace, err error) {
	if err := t.reset(ctx); err != nil {
		return nil, err
	}
	r := &fileRun{tracer: t, trace: &trace{file: f, base: t.base, earlier: t.earlier, target: t.target}}
	if len(f.Stmts) == 0 {
		return r.trace, nil
	}
	r.misfits = runner.Check(f.Stmts, f.TxNone)
	for _, u := range runner.Cut(f.Stmts, f.TxNone) {
		r.tx++
		switch {
		case u.Block() && len(u.Stmts) == 0: // its COMMIT is reported
			err = r.alone(ctx, runner.Unit{Stmts: f.Stmts[u.To-1 : u.To], First: u.To - 1})
		case f.TxNone && !u.Block():
			err = r.alone(ctx, u)
		default:
			err = r.together(ctx, u)
		}
		if err != nil {
			return nil, fmt.Errorf("running %s: %w", f.Name, err)
		}
	}
	t.earlier = append(t.earlier, r.steps...)
	return r.trace, nil
}

// runAll runs a change's files up to the first that fails, and calls mark after each that doesn't. If it returns an
// error, the traces are those of the files before.
func (t *tracer) runAll(ctx context.Context, files []*migration.File, mark func(context.Context) error) (traces []*trace, err error) {
	final := t.base
	defer func() {
		for _, tr := range traces {
			tr.final = final
		}
	}()
	for i, f := range files {
		tr, err := t.run(ctx, f)
		if err != nil {
			final = nil
			return traces, err
		}
		traces = append(traces, tr)
		if len(tr.steps) > 0 {
			final = tr.end()
		}
		if tr.incomplete {
			if i+1 < len(files) {
				final = nil
			}
			break
		}
		if err := mark(ctx); err != nil {
			return traces, err
		}
	}
	return traces, nil
}

type fileRun struct {
	*tracer
	*trace
	misfits []runner.Misfit // of the file's statements
	// imitated are the locks that only an imitation took.
	imitated map[uint32]locks
}

// look reads the catalogs, without the locks of imitations.
func (r *fileRun) look(ctx context.Context) (*snapshot, error) {
	s, err := r.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	for oid, l := range r.imitated {
		s.locks.Set(oid, s.locks.Get(oid)&^l)
	}
	return s, nil
}

// imitate runs a statement without its CONCURRENTLY, which PostgreSQL rejects in a transaction, because later
// statements may depend on it.
func (r *fileRun) imitate(ctx context.Context, st *step) error {
	if _, ok := st.stmt.Index(); !ok || !st.st.Concurrently {
		return nil
	}
	words := pgsql.Words(pgsql.Tokens(st.stmt.Text))
	t := words[words.Find(0, "CONCURRENTLY")]
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
		r.imitated = make(map[uint32]locks)
	}
	for c := range oidmap.Changes(st.before.locks, after.locks) {
		r.imitated[c.Key] |= c.After &^ c.Before
	}
	after.locks = st.before.locks
	st.after, r.now = after, after
	return r.readDefinitions(ctx, st)
}

func (r *fileRun) newStep(s pgsql.Stmt) *step {
	st := &step{trace: r.trace, stmt: s, st: s.Parse(), tx: r.tx, before: r.now, after: r.now}
	r.steps = append(r.steps, st)
	return st
}

func (r *fileRun) fail(e *runner.StmtError) {
	r.incomplete = true
	if r.failed == nil {
		r.failed = e
	}
}

// together runs the file, or a block of it, in one transaction.
func (r *fileRun) together(ctx context.Context, u runner.Unit) error {
	atStart, before := r.now, r.incomplete
	r.incomplete = false
	end := u.First + len(u.Stmts)
	var next *pgsql.Statement
	err := r.session.Run(ctx, u, runner.Hooks{
		Begin: r.begin,
		Stmt: func(ctx context.Context, i int, s pgsql.Stmt, run func(context.Context) error) error {
			st := r.newStep(s)
			if next != nil {
				st.st = next
			}
			next = nil
			if addsRows(st.st) && i+1 < end {
				next = r.file.Stmts[i+1].Parse()
				st.rows = addsRows(next) && next.Targets[0] == st.st.Targets[0]
			}
			st.last = i == end-1
			if m := r.misfits[i]; m != runner.Fits && m != runner.Batched { // which runs as a whole
				st.refused, r.incomplete = m, true
				return r.imitate(ctx, st)
			}
			return r.step(ctx, st, run, true)
		},
		Commit: func(ctx context.Context, u runner.Unit) error {
			_, err := r.end(ctx, u, r.incomplete)
			return err
		},
	})
	if r.incomplete {
		r.now = atStart
	}
	r.incomplete = r.incomplete || before
	return err
}

// begin begins a transaction.
func (r *fileRun) begin(ctx context.Context, _ runner.Unit) error {
	if err := r.exec(ctx, "BEGIN"); err != nil {
		return err
	}
	return r.baseline(ctx)
}

// end commits a transaction, or rolls it back if it failed. A failure of the commit itself, as of a deferred
// constraint, is attributed to the last statement.
func (r *fileRun) end(ctx context.Context, u runner.Unit, failed bool) (*runner.StmtError, error) {
	if failed {
		return nil, r.exec(ctx, "ROLLBACK")
	}
	err := r.exec(ctx, "COMMIT")
	if err == nil {
		if r.now.worksAtCommit() {
			r.unread = true
			r.now, err = r.snapshot(ctx)
		}
		return nil, err
	}
	last := u.Stmts[len(u.Stmts)-1]
	stmtErr, err := refused(&runner.StmtError{File: r.file.Name, Pos: last.Pos, Stmt: last.Text, Err: err})
	if err != nil {
		return nil, err
	}
	r.fail(stmtErr)
	return stmtErr, nil
}

// alone runs a statement of a file without a transaction.
func (r *fileRun) alone(ctx context.Context, u runner.Unit) error {
	st := r.newStep(u.Stmts[0])
	st.last, st.apart = true, true
	outside := u
	switch misfit := r.misfits[u.First]; {
	case misfit.Control():
		st.refused, r.incomplete = misfit, true
		return nil
	case misfit == runner.NeedsOne:
		outside.Mode = runner.Either
		return r.outside(ctx, outside, st)
	}
	if u.Mode == runner.Alone {
		return r.watched(ctx, u, st)
	}
	// A transaction shows more of what it does.
	failed, incomplete := r.failed, r.incomplete
	u.Mode = runner.Together
	err := r.session.Run(ctx, u, runner.Hooks{
		Begin: func(ctx context.Context, u runner.Unit) error {
			err := r.begin(ctx, u)
			st.before, st.after = r.now, r.now
			return err
		},
		Stmt: func(ctx context.Context, _ int, _ pgsql.Stmt, run func(context.Context) error) error {
			return r.step(ctx, st, run, true)
		},
		Commit: func(ctx context.Context, u runner.Unit) error {
			stmtErr, err := r.end(ctx, u, st.failed != nil)
			if stmtErr != nil {
				st.failed, r.now = stmtErr, st.before
			}
			return err
		},
	})
	if err != nil || st.failed == nil {
		return err
	}
	switch code := pgsql.SQLState(st.failed); {
	case outside.Mode == runner.MayCommit && code == pgsql.InvalidTransactionTermination:
		r.failed, r.incomplete, st.failed = failed, incomplete, nil
		return r.outside(ctx, outside, st)
	case outside.Mode == runner.Either && code == pgsql.ActiveSQLTransaction:
		r.failed, r.incomplete, st.failed = failed, incomplete, nil
		return r.watched(ctx, outside, st)
	}
	return nil
}

// outside runs a statement outside a transaction.
func (r *fileRun) outside(ctx context.Context, u runner.Unit, st *step) error {
	return r.session.Run(ctx, u, runner.Hooks{
		Stmt: func(ctx context.Context, _ int, _ pgsql.Stmt, run func(context.Context) error) error {
			return r.step(ctx, st, run, false)
		},
	})
}

// baseline takes the locks and counts of a transaction that has just begun as those before its first statement.
func (r *fileRun) baseline(ctx context.Context) error {
	b := *r.now
	b.locks, b.scans = oidmap.Map[locks]{}, oidmap.Map[int64]{}
	err := r.pinned(ctx, func([]string) (err error) {
		if b.mark, err = b.mark.Begin(ctx, r.conn); err != nil {
			return err
		}
		if r.unread {
			return b.readScans(ctx, r.conn, "scans")
		}
		return b.readScans(ctx, r.conn, "pending", slices.Collect(maps.Keys(r.scanned)))
	})
	if err != nil {
		return err
	}
	// The rest has been reported and cleared.
	r.scanned, r.unread = make(map[uint32]bool), false
	for oid := range b.scans.All() {
		r.scanned[oid] = true
	}
	r.now = &b
	return nil
}

const (
	savepoint = "SAVEPOINT lint_statement"
	goBack    = "ROLLBACK TO lint_statement"
	release   = "RELEASE lint_statement"
)

// step runs a statement with run and reads what it did. In a transaction, a failure has no effect.
func (r *fileRun) step(ctx context.Context, st *step, run func(context.Context) error, inTx bool) error {
	if inTx {
		if err := r.readCalled(ctx, st); err != nil {
			return err
		}
		if err := r.probe(ctx, st); err != nil {
			return err
		}
	}
	failed, err := r.try(ctx, st, run, inTx)
	if err != nil {
		return err
	}
	for failed != nil {
		made, err := r.st.CreateMissingRoles(ctx, failed)
		if err != nil {
			return err
		}
		if !made {
			break
		}
		if err := r.forget(ctx, inTx); err != nil {
			return err
		}
		if failed, err = r.try(ctx, st, run, inTx); err != nil {
			return err
		}
	}
	if failed != nil && aboutRows(failed) {
		// The scratch database's rows made it fail. Without them, its other effects show.
		st.data = failed
		if err := r.withoutRows(ctx, st); err != nil {
			return err
		}
		if failed, err = r.try(ctx, st, run, inTx); err != nil {
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
	switch st.st.Verb {
	case "DISCARD", "DEALLOCATE":
		if err := r.conn.DeallocateAll(ctx); err != nil {
			return fmt.Errorf("preparing statements again: %w", err)
		}
	}
	r.unread = r.unread || runsCode(st)
	r.creates = inTx && st.data == nil && r.imitated == nil && creates(st)
	st.after, err = r.look(ctx)
	r.creates = false
	if err != nil {
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
	if err := r.readBounds(ctx, st); err != nil {
		return err
	}
	return r.readUses(ctx, st)
}

// runsCode reports whether a statement may run blocks that roll back part of their work.
func runsCode(st *step) bool {
	switch first, _, _ := strings.Cut(st.st.Verb, " "); first {
	case "CREATE", "ALTER", "DROP", "COMMENT", "SET", "GRANT", "REVOKE":
		return false
	case "INSERT":
		return has(st.before.triggers, func(t *trigger) bool { return !t.Internal })
	case "DO":
		return true
	}
	return st.before.mark.Any(syscat.Proc) // of PostgreSQL's own functions, none has such blocks
}

// readDefinitions reads the definitions of the indexes that the statement created.
func (r *fileRun) readDefinitions(ctx context.Context, st *step) error {
	var made []uint32
	for c := range oidmap.Changes(st.before.indexes, st.after.indexes) {
		if oid := c.Key; c.Before == nil {
			made = append(made, oid)
		}
	}
	if len(made) == 0 {
		return nil
	}
	var err error
	if st.definitions, err = r.texts(ctx, "definitions", made); err != nil {
		return fmt.Errorf("reading definitions of indexes: %w", err)
	}
	return nil
}

// readBounds reads the constraints of the partitions that the statement created or attached, except hash partitions,
// whose constraints contain the OID of the parent.
func (r *fileRun) readBounds(ctx context.Context, st *step) error {
	var made []uint32
	for c := range oidmap.Changes(st.before.relations, st.after.relations) {
		if oid, b, a := c.Key, c.Before, c.After; a != nil && a.isTable() && a.Parent != 0 && (b == nil || b.Parent != a.Parent) && !strings.Contains(a.PartitionBound, "modulus") {
			made = append(made, oid)
		}
	}
	if len(made) == 0 {
		return nil
	}
	var err error
	if st.bounds, err = r.texts(ctx, "bounds", made); err != nil {
		return fmt.Errorf("reading the bounds of partitions: %w", err)
	}
	return nil
}

// texts returns a query's result for each object, by OID.
func (r *fileRun) texts(ctx context.Context, query string, oids []uint32) (map[uint32]string, error) {
	texts := make(map[uint32]string)
	err := r.pinned(ctx, func([]string) error {
		rows, err := r.conn.Query(ctx, queries()[query], oids)
		if err != nil {
			return err
		}
		var oid uint32
		var text string
		_, err = pgx.ForEachRow(rows, []any{&oid, &text}, func() error {
			texts[oid] = text
			return nil
		})
		return err
	})
	return texts, err
}

// forget makes the session look up missing roles again: it learns of other sessions' changes when it takes a new lock.
func (r *fileRun) forget(ctx context.Context, inTx bool) error {
	if !inTx {
		return nil
	}
	return r.exec(ctx, savepoint+"; SELECT FROM pg_catalog.pg_largeobject_metadata; "+goBack)
}

// try runs a statement.
func (r *fileRun) try(ctx context.Context, st *step, run func(context.Context) error, inTx bool) (*runner.StmtError, error) {
	if inTx {
		if err := r.exec(ctx, savepoint); err != nil {
			return nil, err
		}
	}
	r.messages = nil
	failed, err := refused(run(ctx))
	st.messages = r.messages
	if stmt := failed; stmt != nil || errors.As(err, &stmt) {
		stmt.File = r.file.Name
	}
	if err != nil {
		return nil, err
	}
	if inTx {
		end := "RELEASE lint_statement"
		if failed != nil {
			r.unread = true
			end = goBack
		}
		if err := r.exec(ctx, end); err != nil {
			return nil, err
		}
	}
	return failed, nil
}

// withoutRows deletes the rows of all tables, as far as constraints allow.
func (r *fileRun) withoutRows(ctx context.Context, st *step) error {
	var deletes strings.Builder
	var drops []string
	now, err := r.snapshot(ctx)
	if err != nil {
		return err
	}
	for oid, rel := range now.relations.All() {
		switch {
		case rel.Kind == "r":
			fmt.Fprintf(&deletes, "BEGIN DELETE FROM ONLY %s; EXCEPTION WHEN OTHERS THEN NULL; END;\n", pgsql.QualifiedIdent(rel.Schema, rel.Name))
		case now.indexes.Get(oid) != nil && !now.indexes.Get(oid).Valid && r.now.indexes.Get(oid) == nil:
			// Left by a concurrent build.
			drops = append(drops, "DROP INDEX "+pgsql.QualifiedIdent(rel.Schema, rel.Name))
		}
	}
	for _, sql := range drops {
		if err := r.exec(ctx, sql); err != nil {
			return err
		}
	}
	// Each pass deletes rows that are no longer referenced.
	if err := r.exec(ctx, "DO $lint$ BEGIN FOR i IN 1..5 LOOP\n"+deletes.String()+"END LOOP; END $lint$"); err != nil {
		return fmt.Errorf("deleting the scratch database's rows: %w", err)
	}
	if now, err = r.snapshot(ctx); err != nil {
		return err
	}
	// Ignore the locks that the deletes took.
	now.locks = st.before.locks
	st.before, st.after, r.now = now, now, now
	return nil
}

// aboutRows reports whether rows made a statement fail, because of a constraint or a value.
func aboutRows(e *runner.StmtError) bool {
	code := pgsql.SQLState(e)
	return strings.HasPrefix(code, pgsql.IntegrityConstraintViolation) || strings.HasPrefix(code, pgsql.DataException)
}

// refused separates the rejection of a statement, by PostgreSQL or because it can't run in batches, from other errors.
func refused(err error) (*runner.StmtError, error) {
	var stmt *runner.StmtError
	if errors.As(err, &stmt) && (pgsql.SQLState(err) != "" || errors.As(err, new(*batch.RefusedError))) {
		return stmt, nil
	}
	return nil, err
}

// A use is an object with values that a function computed.
type use struct {
	Table uint32
	Text  string // "index orders_total"
}

// readUses reads the dependents of functions that the statement replaced.
func (r *fileRun) readUses(ctx context.Context, st *step) error {
	switch first, _, _ := strings.Cut(st.st.Verb, " "); first {
	case "ALTER", "COMMENT", "GRANT", "REVOKE": // they change its catalog row, not what it computes
		return nil
	}
	for c := range oidmap.Changes(st.before.functions, st.after.functions) {
		oid, before, after := c.Key, c.Before, c.After
		if before == nil || after == nil || after.Version == before.Version {
			continue
		}
		var list []use
		err := r.pinned(ctx, func([]string) error {
			rows, err := r.conn.Query(ctx, queries()["uses"], oid)
			if err == nil {
				list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[use])
			}
			return err
		})
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
