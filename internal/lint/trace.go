package lint

import (
	"context"
	"errors"
	"fmt"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A step is a statement and what it changed.
type step struct {
	stmt    pgsql.Stmt
	changes []schema.Change
	// renamed are schemas that got another name, which is no change that Atlas knows.
	renamed []rename
	// unread is why Atlas cannot tell what the statement changed.
	unread error
}

// A trace is what happened when a file was run.
type trace struct {
	steps  []step
	failed *state.StmtError // the statement that PostgreSQL refused, if one was
}

// A tracer runs files on a throwaway database, which stands as the files before left it.
type tracer struct {
	st     *state.State
	driver migrate.Driver
	realm  *schema.Realm // as the last statement left it
	names  names
}

func newTracer(ctx context.Context, st *state.State) (*tracer, error) {
	t := &tracer{st: st}
	return t, t.look(ctx)
}

// look reads the state of the database.
func (t *tracer) look(ctx context.Context) (err error) {
	if t.driver, err = t.st.Driver(); err != nil {
		return err
	}
	if t.realm, err = t.st.Realm(ctx); err != nil {
		return err
	}
	t.names, err = readNames(ctx, t.st.Conn())
	return err
}

// lookUnder is look in a session whose search path the file may have changed: what Atlas reads is spelled by it. local goes for
// a session within a transaction.
func (t *tracer) lookUnder(ctx context.Context, local bool) error {
	var path string
	conn := t.st.Conn()
	if err := conn.QueryRow(ctx, "SELECT current_setting('search_path')").Scan(&path); err != nil {
		return fmt.Errorf("reading the search path: %w", err)
	}
	set := func(path string) error {
		if _, err := conn.Exec(ctx, "SELECT set_config('search_path', $1, $2)", path, local); err != nil {
			return fmt.Errorf("setting the search path: %w", err)
		}
		return nil
	}
	if err := set("public"); err != nil {
		return err
	}
	if err := t.look(ctx); err != nil {
		return err
	}
	return set(path)
}

// run runs a file as the migrator would and looks at the schema after each statement. The error says that the tracer failed; a
// statement's failure is part of the trace.
func (t *tracer) run(ctx context.Context, f *migration.File) (*trace, error) {
	tr := &trace{}
	for retry := false; ; retry = true {
		stmtErr, err := t.statements(ctx, f, tr)
		if err != nil {
			return nil, err
		}
		if stmtErr == nil {
			return tr, t.resetSession(ctx, f)
		}
		if !f.TxNone {
			// Nothing of the file remains.
			if err := t.look(ctx); err != nil {
				return nil, err
			}
		}
		made := false
		if !retry {
			if made, err = t.createRoles(ctx, f, len(tr.steps), stmtErr); err != nil {
				return nil, err
			}
		}
		if !made {
			tr.failed = stmtErr
			return tr, nil
		}
		if !f.TxNone {
			tr.steps = nil
		}
	}
}

// statements runs the file's statements behind those that tr has.
func (t *tracer) statements(ctx context.Context, f *migration.File, tr *trace) (failed *state.StmtError, err error) {
	if !f.TxNone {
		if err := t.exec(ctx, "BEGIN"); err != nil {
			return nil, err
		}
		committed := false
		defer func() {
			if !committed {
				err = errors.Join(err, t.exec(context.WithoutCancel(ctx), "ROLLBACK"))
			}
		}()
		defer func() { committed = err == nil && failed == nil }()
	}
	changesSession := state.ChangesSession(f.Stmts)
	for _, s := range f.Stmts[len(tr.steps):] {
		if err := state.RunFile(ctx, t.st.Conn(), []pgsql.Stmt{s}, true, f.Name); err != nil {
			return refused(err)
		}
		before, namesBefore := t.realm, t.names
		if changesSession {
			err = t.lookUnder(ctx, !f.TxNone)
		} else {
			err = t.look(ctx)
		}
		if err != nil {
			return nil, err
		}
		st := step{stmt: s}
		changes, err := t.driver.RealmDiff(before, t.realm)
		if err != nil {
			st.unread = err
		}
		st.changes, st.renamed = reconcile(changes, before, namesBefore, t.names)
		tr.steps = append(tr.steps, st)
	}
	if !f.TxNone && len(f.Stmts) > 0 {
		if err := t.exec(ctx, "COMMIT"); err != nil {
			// What was deferred failed: the last statement is the nearest place.
			last := f.Stmts[len(f.Stmts)-1]
			return refused(&state.StmtError{File: f.Name, Pos: last.Pos, Stmt: last.Text, Err: err})
		}
	}
	return nil, nil
}

// refused tells a statement that PostgreSQL refused from everything else that may go wrong.
func refused(err error) (*state.StmtError, error) {
	var stmt *state.StmtError
	var pg *pgconn.PgError
	if errors.As(err, &stmt) && errors.As(err, &pg) {
		return stmt, nil
	}
	return nil, err
}

// undefinedObject is the SQLSTATE of a role that does not exist, among others.
const undefinedObject = "42704"

// createRoles creates the roles that the file names and the server does not have, as a replay does: on a copy of the database,
// because roles belong to the server. It reports whether the file can be tried again.
func (t *tracer) createRoles(ctx context.Context, f *migration.File, done int, stmtErr *state.StmtError) (bool, error) {
	var pg *pgconn.PgError
	if !errors.As(stmtErr.Err, &pg) || pg.Code != undefinedObject {
		return false, nil
	}
	stmts := f.Stmts
	if f.TxNone {
		stmts = stmts[done:]
	}
	clone, err := t.st.Clone(ctx)
	if err != nil {
		return false, err
	}
	// The receiver's connection is another one now.
	if err := t.look(ctx); err != nil {
		return false, err
	}
	err = clone.Run(ctx, stmts, f.TxNone, f.Name)
	clone.Close()
	if dropErr := clone.DB.Drop(ctx); dropErr != nil {
		return false, fmt.Errorf("dropping a copy of the dev database: %w", dropErr)
	}
	if err == nil {
		return true, nil
	}
	again, err := refused(err)
	if err != nil {
		return false, err
	}
	// Another failure is one that comes after the roles were made.
	return again.Pos != stmtErr.Pos, nil
}

// resetSession gives the next file the session that it may expect.
func (t *tracer) resetSession(ctx context.Context, f *migration.File) error {
	if !state.ChangesSession(f.Stmts) {
		return nil
	}
	if err := t.exec(ctx, "RESET SESSION AUTHORIZATION; RESET ALL"); err != nil {
		return fmt.Errorf("setting the session back after %s: %w", f.Name, err)
	}
	return migration.Session(ctx, t.st.Conn(), migration.SessionOptions{})
}

func (t *tracer) exec(ctx context.Context, sql string) error {
	_, err := t.st.Conn().PgConn().Exec(ctx, sql).ReadAll()
	return err
}
