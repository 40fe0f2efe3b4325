package migrator

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// step is one file to run, in either direction, with its effect on the record.
type step struct {
	file     *migration.File
	down     bool
	name     string // of the file in messages
	stmts    []pgsql.Stmt
	effect   catalog.Effect // of the migration, if down; none if its file is missing
	sums     []string       // the journal's partial hashes, with txNone
	txNone   bool
	from, to string            // alembic_version before and after
	row      *migrate.Revision // the journal's; nil if it has none
	done     int               // statements that an earlier run completed
	mark     revision.Mark     // of the row as this run wrote it last, "" if it has not
	counted  bool              // whether the last commit counted a statement in the row
	batch    batch.Note        // how far the statement after the last that is done has come; zero if it isn't a batch
	noted    bool              // whether the last commit wrote batch
	wait     time.Duration     // for a lock, as the file says; 0: as configured
	before   string            // position of the database until the last statement has run, in words
	// leftovers are INVALID indexes that a statement left which failed. They are dropped first.
	leftovers []string
}

// up returns the step that applies the file at an index. partial is the journal's row of an earlier run that stopped in
// the middle, or nil.
func (m *Migrator) up(i int, partial *migrate.Revision) *step {
	f := m.files[i]
	st := &step{
		file: f, name: f.Name, stmts: f.Stmts, txNone: f.TxNone,
		from: m.revision(i - 1), to: m.revision(i), row: partial, before: m.at(i - 1),
		wait: f.LockTimeout,
	}
	if partial != nil {
		st.done = partial.Applied
		st.batch, _ = revision.Batch(partial)
		st.txNone = true
	}
	if st.txNone {
		st.sums = revision.Sums(f.SQL, f.Stmts)
	}
	return st
}

// down returns the step that reverts the file at an index. row is the file's row in the journal.
func (m *Migrator) down(i int, row *migrate.Revision) *step {
	f := m.files[i]
	st := &step{
		file: f, down: true, name: migration.DownDir + "/" + f.Name, stmts: f.Down.Stmts, txNone: f.Down.TxNone,
		from: m.revision(i), to: m.revision(i - 1), row: row, before: m.at(i),
		wait: f.Down.LockTimeout,
	}
	if row != nil && revision.IsDown(row) {
		st.done = revision.DownApplied(row)
		st.batch, _ = revision.Batch(row)
		st.txNone = true
	}
	if st.txNone {
		st.sums = revision.DownSums(f.Down.SQL, f.Down.Stmts)
	}
	return st
}

// run runs a step to the end and records it.
func (s *session) run(ctx context.Context, st *step) (*FileRun, error) {
	fr := &FileRun{File: st.file, Start: time.Now(), Skipped: st.done}
	s.log(LogFile{File: st.file, Down: st.down, Skipped: st.done, Total: len(st.stmts), Batch: st.batch})
	err := s.dropLeftovers(ctx, st)
	switch {
	case err != nil:
	case st.txNone && len(st.stmts) > 0:
		s.begins(st)
		err = s.runAlone(ctx, st, fr)
	default:
		err = s.retry(ctx, st.name, func() error {
			s.begins(st)
			return s.runWhole(ctx, st, fr)
		})
	}
	fr.End = time.Now()
	if err != nil {
		errors.As(err, &fr.Err)
		s.log(LogStopped{File: st.file, Down: st.down, Err: err})
		return fr, err
	}
	fr.Done = true
	s.log(LogFileDone{File: st.file, Down: st.down, Elapsed: fr.End.Sub(fr.Start)})
	return fr, nil
}

// dropLeftovers drops the step's INVALID indexes.
func (s *session) dropLeftovers(ctx context.Context, st *step) error {
	for _, sql := range st.dropsLeftovers() {
		if err := s.alone(ctx, sql); err != nil {
			return fmt.Errorf("reverting %s: %s: %w", st.name, sql, err)
		}
	}
	return nil
}

func (st *step) dropsLeftovers() (drops []string) {
	for _, index := range st.leftovers {
		drops = append(drops, "DROP INDEX CONCURRENTLY IF EXISTS "+index)
	}
	return drops
}

// runWhole runs a file in one transaction together with its record.
func (s *session) runWhole(ctx context.Context, st *step, fr *FileRun) error {
	fr.Applied = nil
	err := s.recorded(ctx, st, fr, st.to, len(st.stmts), runner.Unit{Stmts: st.stmts})
	var failed *StmtError
	if err == nil {
		return nil
	}
	if errors.As(err, &failed) {
		failed.State = "the whole file was rolled back, the database is " + st.before
		return err
	}
	switch {
	case errors.As(err, new(*OutcomeError)), errors.As(err, new(*LostLockError)):
		return fmt.Errorf("running %s: %w", st.name, err)
	case errors.As(err, new(*revision.ConflictError)), errors.As(err, new(*revision.RowConflictError)):
		return fmt.Errorf("running %s: %w; the whole file was rolled back: run the command again when the other session has ended", st.name, err)
	}
	return fmt.Errorf("running %s: %w; the whole file was rolled back, the database is %s", st.name, err, st.before)
}

// runAlone runs a file whose statements commit one by one.
func (s *session) runAlone(ctx context.Context, st *step, fr *FileRun) error {
	// If the file was edited after an interruption, it may have no other statements.
	mark := func() error { return s.recorded(ctx, st, fr, st.after(st.done-1), st.done, runner.Unit{}) }
	if err := s.retry(ctx, st.name, mark); err != nil {
		return fmt.Errorf("recording the start of %s: %w", st.name, err)
	}
	if st.done == len(st.stmts) {
		return nil
	}
	// The statements that have run set up another session.
	for i := range st.done {
		if setsSession(st.stmts[i]) {
			if err := s.script.Stmt(ctx, st.stmts[i]); err != nil {
				return s.stopped(ctx, st, fr, runner.Unit{From: st.done}, s.fail(ctx, st, i, err))
			}
		}
	}
	units, _ := runner.Rest(st.stmts, st.done)
	for _, u := range units {
		if b, err := batch.Of(u.Stmts[0]); err != nil || b != nil {
			if err == nil {
				err = s.batches(ctx, st, fr, u, b)
			}
			if err != nil {
				return s.stopped(ctx, st, fr, u, err)
			}
			fr.Applied = append(fr.Applied, u.Stmts[0].Text)
			continue
		}
		tries := 0
		err := s.retry(ctx, st.name, func() error {
			tries++
			// An interrupted run, or an earlier try, may have run it.
			again := u.First == st.done && (fr.Skipped > 0 || st.row != nil) || tries > 1
			if u.Mode == runner.Together {
				return s.recorded(ctx, st, fr, st.after(u.To-1), u.To, u)
			}
			return s.outside(ctx, st, fr, u, again)
		})
		if err != nil {
			return s.stopped(ctx, st, fr, u, err)
		}
		for _, stmt := range st.stmts[u.From:u.To] {
			fr.Applied = append(fr.Applied, stmt.Text)
		}
	}
	return nil
}

// stopped records in the journal why a unit didn't complete.
func (s *session) stopped(ctx context.Context, st *step, fr *FileRun, u runner.Unit, err error) error {
	i := u.From
	var failed *StmtError
	if !errors.As(err, &failed) {
		which := fmt.Sprintf("statement %d", i+1)
		if u.Block() {
			which = fmt.Sprintf("statements %d to %d", i+1, u.To)
		}
		return fmt.Errorf("running %s, %s of %d: %w", st.name, which, len(st.stmts), err)
	}
	command := "apply"
	if st.down {
		command = "down"
	}
	state := fmt.Sprintf("%d of the file's %d statements have run and were committed", i, len(st.stmts))
	if u.Block() {
		state += fmt.Sprintf(", and the transaction of statements %d to %d was rolled back", u.From+1, u.To)
	}
	failed.State = fmt.Sprintf("%s: fix the cause, then `%s` continues with statement %d", state, command, i+1)
	if !st.down && i == 0 && u.Mode != runner.MayCommit {
		failed.State += ", or `down` reverts the file"
	}
	if b, _ := batch.Of(st.stmts[i]); b != nil {
		failed.State = s.halfway(st, i, failed, command)
	} else if failed.Cause != nil {
		failed.State = fmt.Sprintf("%s: `%s` continues with statement %d", state, command, i+1)
	}
	if s.conn.IsClosed() {
		failed.State = fmt.Sprintf("the connection was lost; %d of the file's %d statements are recorded: `%s` checks whether statement %d has run, and continues", i, len(st.stmts), command, i+1)
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	if err := s.why(ctx, st, fr, i, failed); err != nil {
		failed.State += fmt.Sprintf(" (the reason could not be recorded in the journal: %v)", err)
	}
	return err
}

// outside runs a statement that can't or needn't run in a transaction, and records it afterwards. again says that it
// may have run before.
func (s *session) outside(ctx context.Context, st *step, fr *FileRun, u runner.Unit, again bool) error {
	i := u.First
	known, err := s.prepareIndex(ctx, st.stmts[i], again)
	if err != nil {
		if pgsql.SQLState(err) == "" || ctx.Err() != nil {
			return s.fail(ctx, st, i, err)
		}
		return s.fail(ctx, st, i, fmt.Errorf("checking the index: %w", err))
	}
	if known {
		s.log(LogStmtDone{Stmt: st.stmts[i], N: i + 1, Total: len(st.stmts), Known: true})
	} else {
		err := s.bounded(ctx, st.stmts[i], func(limit time.Duration) error {
			if u.Mode == runner.MayCommit {
				now, err := transaction(ctx, s.conn, s.pid)
				if err != nil {
					return s.fail(ctx, st, i, fmt.Errorf("reading the transaction's id: %w", err))
				}
				s.observer.commits(now + 1)
			}
			return s.script.Run(ctx, u, runner.Hooks{
				Stmt: func(ctx context.Context, i int, _ pgsql.Stmt, run func(context.Context) error) error {
					return s.stmt(ctx, st, fr, i, limit, run)
				},
			})
		})
		if err != nil {
			return err
		}
	}
	record := func() error { return s.recorded(ctx, st, fr, st.after(i), i+1, runner.Unit{}) }
	// The statement has run. Only recording it is retried, and an interruption doesn't prevent it.
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), cleanup)
		defer cancel()
	}
	if err := s.retry(ctx, st.name, record); err != nil {
		return fmt.Errorf("%s:%d: statement %d of %d has run, but could not be recorded: %w", st.name, st.stmts[i].Pos.Line, i+1, len(st.stmts), err)
	}
	return nil
}

// bounded calls run, which runs a statement outside a transaction, with a limit on how long it waits for locks.
func (s *session) bounded(ctx context.Context, stmt pgsql.Stmt, run func(limit time.Duration) error) error {
	limit := bound(stmt, s.limit)
	s.observer.begin(limit)
	defer s.observer.end()
	if err := s.lockTimeout(ctx, limit); err != nil {
		return err
	}
	return run(limit)
}

// bound returns how long a statement outside a transaction may wait for a lock: limit, or 0 for no limit if it runs
// CONCURRENTLY, where a timeout would leave its work half done.
func bound(stmt pgsql.Stmt, limit time.Duration) time.Duration {
	if stmt.Concurrently() {
		return 0
	}
	return limit
}

// after returns what alembic_version holds after the statement at i.
func (st *step) after(i int) string {
	if i == len(st.stmts)-1 {
		return st.to
	}
	return st.from
}

// unknown is the lock_timeout after a statement that may have changed it.
const unknown time.Duration = -1

// lockTimeout sets lock_timeout, if it has another value.
func (s *session) lockTimeout(ctx context.Context, d time.Duration) error {
	if s.timeout == d {
		return nil
	}
	sql := s.timeoutSQL(d)
	s.timeout = unknown
	defer s.promptly()()
	s.script.Used()
	if err := s.script.Exec(ctx, sql); err != nil {
		return fmt.Errorf("setting lock_timeout: %w", err)
	}
	s.timeout = d
	return nil
}

// timeoutSQL returns SQL that sets lock_timeout, except if a file may have set a shorter one.
func (s *session) timeoutSQL(d time.Duration) string {
	if s.timeout == unknown {
		return "SELECT " + atMostSQL(d)
	}
	return "SELECT " + setSQL(d)
}

func setSQL(d time.Duration) string {
	return fmt.Sprintf("pg_catalog.set_config('lock_timeout', '%d', false)", d.Milliseconds())
}

// atMostSQL is like setSQL, but keeps a shorter lock_timeout.
func atMostSQL(d time.Duration) string {
	if d == 0 {
		return setSQL(d)
	}
	const set = "pg_catalog.current_setting('lock_timeout')::pg_catalog.interval"
	return setSQL(d) + fmt.Sprintf(" WHERE %s OPERATOR(pg_catalog.=) '0' OR %[1]s OPERATOR(pg_catalog.>) '%d milliseconds'", set, d.Milliseconds())
}

// setsTimeout reports whether a statement is of a kind that may change settings. If another kind does so by a trigger,
// the observer notices when a statement waits too long.
func setsTimeout(s pgsql.Stmt) bool {
	switch strings.ToUpper(strings.Fields(s.Text)[0]) {
	case "SET", "RESET", "DISCARD", "DO", "CALL", "SELECT", "WITH", "VALUES", "EXECUTE":
		return true
	}
	return false
}

// why records in the journal why statement n, counted from 0, failed.
func (s *session) why(ctx context.Context, st *step, fr *FileRun, n int, failed *StmtError) error {
	row := s.m.row(st, fr, n)
	keep := row.Applied
	if _, ok := revision.Batch(row); ok {
		keep++
	}
	row.PartialHashes = row.PartialHashes[:keep] // the rest may be edited before the next run
	row.Error, row.ErrorStmt = pgsql.MaskMessage(failed.Err.Error(), failed.Stmt), pgsql.Mask(failed.Stmt)
	if failed.Cause != nil {
		row.Error = fmt.Sprintf("interrupted: %v", failed.Cause)
	}
	row.Error = strings.ToValidUTF8(row.Error, "\uFFFD") // the error is in the encoding that the file has set
	err := s.script.Run(ctx, runner.Unit{Mode: runner.Together}, runner.Hooks{
		Begin:  func(ctx context.Context, _ runner.Unit) error { return s.begin(ctx, st, st.from) },
		Commit: func(ctx context.Context, _ runner.Unit) error { return s.commit(ctx, st, row, st.from) },
	})
	return s.explained(ctx, err)
}

// row returns the journal's row of a step of which n statements have run.
func (m *Migrator) row(st *step, fr *FileRun, n int) *migrate.Revision {
	row := &migrate.Revision{Version: st.file.Version, Description: st.file.Desc, Type: migrate.RevisionTypeExecute, Hash: st.file.Hash}
	if st.row != nil {
		old := *st.row
		row = &old
	}
	row.Error, row.ErrorStmt = "", ""
	row.OperatorVersion = m.cfg.OperatorVersion
	if st.down {
		revision.BeginDown(row, st.sums, n)
		st.addBatch(row)
		return row
	}
	row.Hash = st.file.Hash // the part that has not run yet may have been edited
	row.Applied, row.Total = n, len(st.stmts)
	row.PartialHashes = nil
	if n < row.Total {
		row.PartialHashes = st.sums
		st.addBatch(row)
	}
	row.ExecutedAt = fr.Start
	if !fr.Start.IsZero() { // a script has no start time
		row.ExecutionTime += time.Since(fr.Start)
	}
	return row
}

// addBatch adds how far the next statement has come to a row of a step that hasn't run to its end.
func (st *step) addBatch(row *migrate.Revision) {
	if st.batch.Pass > 0 {
		revision.BeginBatch(row, st.batch)
	}
}

// stmt runs the statement at i, which waits for a lock no longer than limit.
func (s *session) stmt(ctx context.Context, st *step, fr *FileRun, i int, limit time.Duration, run func(context.Context) error) error {
	stmt := st.stmts[i]
	if err := s.lockTimeout(ctx, limit); err != nil {
		return s.fail(ctx, st, i, err)
	}
	if setsTimeout(stmt) {
		s.timeout = unknown
	}
	s.log(LogStmt{Stmt: stmt, N: i + 1, Total: len(st.stmts)})
	start := time.Now()
	end := s.observer.statement(LogStmt{Stmt: stmt, N: i + 1, Total: len(st.stmts)})
	err := run(ctx)
	end()
	if err != nil {
		return s.fail(ctx, st, i, err)
	}
	s.log(LogStmtDone{Stmt: stmt, N: i + 1, Total: len(st.stmts), Elapsed: time.Since(start)})
	if !st.txNone {
		fr.Applied = append(fr.Applied, stmt.Text)
	}
	return nil
}

// fail wraps the error of the statement at i in a StmtError.
func (s *session) fail(ctx context.Context, st *step, i int, err error) error {
	stmt := st.stmts[i]
	e := &StmtError{File: st.name, Pos: stmt.Pos, Stmt: stmt.Text, N: i + 1, Total: len(st.stmts), Err: err}
	for _, before := range st.stmts[:i] {
		if role, ok := before.SetsRole(); ok {
			e.Role = role
		}
	}
	var ran *runner.StmtError
	if errors.As(err, &ran) {
		e.Pos, e.Err = ran.Pos, ran.Err
	}
	if ctx.Err() != nil {
		e.Cause = context.Cause(ctx)
	}
	return e
}

// setsSession reports whether a statement changes the session's settings and nothing else, so that it can be run again.
// Those of a transaction have ended with it.
func setsSession(s pgsql.Stmt) bool {
	switch words := strings.Fields(strings.ToUpper(s.Text)); words[0] {
	case "SET":
		return len(words) < 2 || words[1] != "LOCAL" && words[1] != "CONSTRAINTS" && words[1] != "TRANSACTION"
	case "RESET":
		return true
	case "SELECT":
		return strings.Contains(strings.ToLower(s.Text), "set_config")
	}
	return false
}
