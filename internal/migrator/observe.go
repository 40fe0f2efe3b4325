package migrator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

const (
	// observerName is the application_name of the observer's connection.
	observerName = "ibutsu-schema observer"

	// blockedAfter is how long a wait for a lock takes before it is logged.
	blockedAfter = 300 * time.Millisecond

	// blockedAgain and progressEvery are how often a wait, and the progress of a long statement, are logged.
	blockedAgain  = 10 * time.Second
	progressEvery = time.Second

	// retryAfter is how long the observer waits to connect again after it failed to.
	retryAfter = 5 * time.Second
)

// observer watches from its own connection what the session's backend waits for, and the progress of its statement. It
// connects only once something takes long.
//
// It also enforces the lock timeout for whole transactions. lock_timeout applies to each lock separately, so a
// transaction that takes several keeps others waiting for the first until it has the last. The observer cancels a
// transaction that has waited longer than the timeout in total while it holds a lock for which others may queue, and
// one that waits longer for a single lock because it has changed lock_timeout.
type observer struct {
	m    *Migrator
	of   atomic.Pointer[observed]
	tick time.Duration

	due  time.Duration // how long an answer may take to arrive
	idle time.Time     // since when the server has waited for the session; zero if it doesn't

	stop context.CancelFunc
	done chan struct{}

	mu   sync.Mutex
	task *task // what runs now; nil if nothing does

	last *task // task, or the previous task if that is nil

	conn  *pgx.Conn // used by loop only
	retry time.Time // when to try to connect again

	given  chan *pgx.Conn // a connection for loop
	warned sync.Once
}

// task is a transaction, or a statement outside one, which may run several transactions.
type task struct {
	since    time.Time
	limit    time.Duration // on the total wait of a transaction; 0: none
	tx       string        // virtual id of the transaction that waited last
	waited   time.Duration // by that transaction
	lock     string        // that it waits for, or waited for last
	locking  time.Time     // since when it has waited for lock, or later
	looked   time.Time     // when loop last checked
	waiting  time.Time     // since when it has waited now; zero if it doesn't
	logged   time.Time     // when its blockers were last logged
	blockers []Blocker
	gaveWay  bool // it was cancelled because it waited too long

	stmt      *LogStmt // that runs; nil between statements
	began     int64    // the backend's local transaction id when a statement began that may commit; 0: none such runs
	stmtSince time.Time
	progress  time.Time // when it was last logged
}

// observe starts an observer of the session.
func (s *session) observe(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	o := &observer{m: s.m, due: s.conn.Config().ConnectTimeout, stop: cancel, done: make(chan struct{}), given: make(chan *pgx.Conn, 1)}
	o.watch(s)
	o.tick = min(max(s.m.cfg.LockTimeout/20, 10*time.Millisecond), 100*time.Millisecond)
	if !s.locked {
		// A command that only reads waits once, so one check before it gives up is enough.
		o.tick = max(s.m.cfg.LockTimeout/3, 10*time.Millisecond)
	}
	s.observer = o
	go o.loop(ctx)
}

// observed is the connection that the observer watches.
type observed struct {
	pid     int32 // of the server's process
	answers *answers
}

// watch makes it watch the session's current connection.
func (o *observer) watch(s *session) {
	if o != nil {
		o.of.Store(&observed{s.pid, s.answers})
	}
}

// close stops the observer.
func (o *observer) close() {
	if o == nil {
		return
	}
	o.stop()
	<-o.done
	select {
	case conn := <-o.given:
		disconnect(conn)
	default:
	}
}

// second returns a connection for the observer, nil if none is available. The caller may use it until the observer gets
// it.
func (o *observer) second(ctx context.Context) (*pgx.Conn, error) {
	dialing, cancel := context.WithTimeout(ctx, retryAfter)
	defer cancel()
	conn, err := o.connect(dialing)
	if err != nil {
		o.warn(ctx)
		return nil, context.Cause(ctx)
	}
	return conn, nil
}

// disconnect closes a connection, within a limited time.
func disconnect(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), cleanup)
	defer cancel()
	_ = conn.Close(ctx)
}

// begin says that a task begins whose transactions may each wait for limit in total; 0 means unlimited.
func (o *observer) begin(limit time.Duration) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.task = &task{since: time.Now(), limit: limit}
	o.last = o.task
}

// end says that the task has ended.
func (o *observer) end() {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.task = nil
}

// statement says that a statement begins. The function that it returns says that it has ended.
func (o *observer) statement(e LogStmt) (end func()) {
	if o == nil {
		return func() {}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.task
	if t == nil {
		t = &task{since: time.Now()}
		o.task, o.last = t, t
	}
	t.stmt, t.stmtSince = &e, time.Now()
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		t.stmt, t.began = nil, 0
	}
}

// commits says that the task's statement may commit, and which local transaction it begins with.
func (o *observer) commits(began int64) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.task != nil {
		o.task.began = began
	}
}

// lastBlockers returns what the last task waited for.
func (o *observer) lastBlockers() []Blocker {
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last == nil {
		return nil
	}
	return o.last.blockers
}

// cancelled reports whether the observer cancelled the last task.
func (o *observer) cancelled() bool {
	if o == nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last != nil && o.last.gaveWay
}

func (o *observer) loop(ctx context.Context) {
	defer close(o.done)
	defer func() {
		if o.conn != nil {
			disconnect(o.conn)
		}
	}()
	for sleep(ctx, o.tick) == nil {
		o.mu.Lock()
		t := o.task
		busy := t != nil && time.Since(t.since) >= o.tick
		o.mu.Unlock()
		if t == nil && o.of.Load().answers.waits() > o.due/2 {
			t, busy = &task{since: time.Now()}, true // one of our own queries, whose answer may be lost
		}
		if busy && time.Now().After(o.retry) {
			o.look(ctx, t)
		}
	}
}

// look checks what a task does. If a check fails, it is skipped.
func (o *observer) look(ctx context.Context, t *task) {
	if o.conn == nil {
		select {
		case o.conn = <-o.given:
		default:
		}
	}
	if o.conn == nil || o.conn.IsClosed() {
		if o.conn, _ = o.connect(ctx); o.conn == nil {
			o.retry = time.Now().Add(retryAfter)
			o.warn(ctx)
			return
		}
	}
	var waits, idle bool
	var tx, lock string
	of := o.of.Load()
	// A backend that has been granted a lock still shows the wait event until it runs again, so pg_locks decides.
	err := o.conn.QueryRow(ctx, `
SELECT l.pid IS NOT NULL, a.wait_event IS NOT DISTINCT FROM 'ClientRead', COALESCE(l.virtualtransaction, ''),
       pg_catalog.concat_ws(' ', l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid, l.transactionid, l.classid, l.objid, l.objsubid, l.mode)
  FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_locks l ON l.pid = a.pid AND NOT l.granted AND a.wait_event_type = 'Lock'
 WHERE a.pid = $1 LIMIT 1`, of.pid).Scan(&waits, &idle, &tx, &lock)
	o.lost(of, idle || errors.Is(err, pgx.ErrNoRows))
	if err != nil {
		return
	}
	now := time.Now()
	o.mu.Lock()
	before := t.looked
	if before.IsZero() {
		before = t.since
	}
	t.looked = now
	if waits && tx != t.tx {
		t.tx, t.waited, t.waiting = tx, 0, time.Time{}
	}
	if waits && lock != t.lock {
		t.lock, t.locking = lock, now
	}
	switch {
	case waits && t.waiting.IsZero():
		t.waiting = before // at the latest: the wait may have begun later
	case !waits && !t.waiting.IsZero():
		t.waited += now.Sub(t.waiting)
		t.waiting = time.Time{}
	}
	total := t.waited
	if waits {
		total += now.Sub(t.waiting)
	}
	tooLong := waits && t.limit > 0 && total >= t.limit && !t.gaveWay
	// The statement may have switched lock_timeout off.
	unbounded := tooLong && now.Sub(t.locking) >= t.limit
	o.mu.Unlock()

	if waits {
		o.logBlockers(ctx, t)
		if tooLong {
			o.giveWay(ctx, t, unbounded)
		}
	}
	o.logProgress(ctx, t)
}

// lost detects lost messages. idle means that the server waits for the session, or has no process for it. If the
// session meanwhile waits for the server, for longer than an answer may take to arrive, lost closes the connection.
func (o *observer) lost(of *observed, idle bool) {
	switch {
	case !idle:
		o.idle = time.Time{}
	case o.idle.IsZero():
		o.idle = time.Now()
	case time.Since(o.idle) > o.due:
		of.answers.late(o.due)
	}
}

// warn logs once what doesn't work without an observer.
func (o *observer) warn(ctx context.Context) {
	if ctx.Err() == nil {
		o.warned.Do(func() {
			o.m.cfg.Log.Log(LogNotice{"WARNING", "no second connection is available: blocking sessions can't be shown, and lock_timeout applies to each lock separately"})
		})
	}
}

func (o *observer) connect(ctx context.Context) (*pgx.Conn, error) {
	cfg, answers := o.m.connConfig()
	cfg.OnNotice = nil
	// Its queries needn't be cancelled: nothing waits for them when the session ends.
	cfg.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.DeadlineContextWatcherHandler{Conn: conn.Conn()}
	}
	conn, err := dial(ctx, cfg)
	if err != nil {
		return nil, err
	}
	answers.within(cfg.ConnectTimeout)
	if _, err := runner.Open(ctx, conn, runner.Options{ApplicationName: observerName}); err != nil {
		_ = conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

// logBlockers logs what a task waits for.
func (o *observer) logBlockers(ctx context.Context, t *task) {
	blockers, err := blockers(ctx, o.conn, o.of.Load().pid)
	if err != nil || len(blockers) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.task != t {
		return
	}
	others := !samePIDs(blockers, t.blockers)
	t.blockers = blockers
	waited := time.Since(t.waiting)
	if waited >= blockedAfter && (others || t.logged.IsZero() || time.Since(t.logged) >= blockedAgain) {
		t.logged = time.Now()
		o.m.cfg.Log.Log(LogBlocked{Blockers: blockers, Waited: waited})
	}
}

// giveWay cancels a task that holds locks for which others may wait. If whatever is set, it cancels any task.
func (o *observer) giveWay(ctx context.Context, t *task, whatever bool) {
	var strong bool
	// Relations that the task created aren't visible to the observer.
	err := o.conn.QueryRow(ctx, `
SELECT $2 OR EXISTS (SELECT FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
  WHERE l.pid = $1 AND l.granted AND l.locktype = 'relation' AND c.relname <> 'alembic_version'
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'))`, o.of.Load().pid, whatever).Scan(&strong)
	if err != nil || !strong {
		return
	}
	o.mu.Lock()
	if o.task != t {
		o.mu.Unlock()
		return
	}
	t.gaveWay = true
	o.mu.Unlock()
	var cancelled bool
	err = o.conn.QueryRow(ctx, `SELECT pg_catalog.pg_cancel_backend(pid) FROM pg_catalog.pg_stat_activity
		WHERE pid = $1 AND wait_event_type = 'Lock'`, o.of.Load().pid).Scan(&cancelled)
	if err != nil || !cancelled {
		o.mu.Lock()
		t.gaveWay = false
		o.mu.Unlock()
	}
}

// logProgress logs the progress of a long statement.
func (o *observer) logProgress(ctx context.Context, t *task) {
	o.mu.Lock()
	stmt, since, last, began := t.stmt, t.stmtSince, t.progress, t.began
	if last.Before(since) {
		last = since
	}
	due := o.task == t && stmt != nil && time.Since(last) >= progressEvery
	if due {
		t.progress = time.Now()
	}
	o.mu.Unlock()
	if !due {
		return
	}
	e := LogProgress{Stmt: stmt.Stmt, N: stmt.N, Total: stmt.Total, Elapsed: time.Since(since)}
	e.Phase, e.Done, e.Of, e.Unit, _ = o.progress(ctx)
	if began > 0 && e.Phase == "" {
		if now, err := transaction(ctx, o.conn, o.of.Load().pid); err == nil && now > began {
			e.Done, e.Unit = now-began, "commits"
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.task == t && t.stmt == stmt {
		o.m.cfg.Log.Log(e)
	}
}

// progress queries PostgreSQL's progress views. The phase of a statement that isn't in any of them is "".
func (o *observer) progress(ctx context.Context) (phase string, done, of int64, unit string, err error) {
	sql := `
SELECT phase, CASE WHEN phase ~ '^waiting' THEN lockers_done WHEN blocks_total > 0 THEN blocks_done ELSE tuples_done END,
       CASE WHEN phase ~ '^waiting' THEN lockers_total WHEN blocks_total > 0 THEN blocks_total ELSE tuples_total END,
       CASE WHEN phase ~ '^waiting' THEN 'sessions' WHEN blocks_total > 0 THEN 'blocks' ELSE 'rows' END
  FROM pg_catalog.pg_stat_progress_create_index WHERE pid = $1
 UNION ALL SELECT phase, heap_blks_scanned, heap_blks_total, 'blocks' FROM pg_catalog.pg_stat_progress_cluster WHERE pid = $1
 UNION ALL SELECT phase, CASE phase WHEN 'vacuuming heap' THEN heap_blks_vacuumed ELSE heap_blks_scanned END, heap_blks_total, 'blocks' FROM pg_catalog.pg_stat_progress_vacuum WHERE pid = $1`
	if pgsql.MajorVersion(o.conn.PgConn().ParameterStatus("server_version")) >= 13 {
		sql += `
 UNION ALL SELECT phase, sample_blks_scanned, sample_blks_total, 'blocks' FROM pg_catalog.pg_stat_progress_analyze WHERE pid = $1`
	}
	rows, err := o.conn.Query(ctx, sql, o.of.Load().pid)
	if err != nil {
		return "", 0, 0, "", err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&phase, &done, &of, &unit); err != nil {
			return "", 0, 0, "", err
		}
	}
	return phase, done, of, unit, rows.Err()
}

// transaction returns the local transaction id of a backend, which counts its transactions. Statistics don't show what
// a statement does that commits, because a backend reports them only between statements.
func transaction(ctx context.Context, conn *pgx.Conn, pid int32) (id int64, err error) {
	err = conn.QueryRow(ctx, `
SELECT pg_catalog.split_part(virtualtransaction, '/', 2)::pg_catalog.int8 FROM pg_catalog.pg_locks
 WHERE pid OPERATOR(pg_catalog.=) $1 AND locktype OPERATOR(pg_catalog.=) 'virtualxid' AND virtualxid OPERATOR(pg_catalog.=) virtualtransaction`, pid).Scan(&id)
	return id, err
}

// A WaitError means that a transaction was cancelled because it waited longer than the lock timeout in total while it
// held locks for which others may wait.
type WaitError struct {
	Limit time.Duration
	Err   error
}

func (e *WaitError) Error() string {
	return fmt.Sprintf("waited longer than %s for locks", e.Limit)
}

func (e *WaitError) Unwrap() error { return e.Err }
