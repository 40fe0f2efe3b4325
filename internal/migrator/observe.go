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

	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

const (
	// observerName is the application_name of the connection that observes.
	observerName = "ibutsu-schema observer"

	// blockedAfter is from how long a wait on others is told.
	blockedAfter = 300 * time.Millisecond

	// blockedAgain and progressEvery are how often it is told anew, and how far
	// a long statement has come.
	blockedAgain  = 10 * time.Second
	progressEvery = time.Second

	// deafFor is how long it does without a connection that was not to be had.
	deafFor = 5 * time.Second
)

// observer watches from a connection of its own what the session's backend waits
// for, and how far its statement has come. It connects only once something takes
// long enough to be looked at.
//
// It also keeps a promise that lock_timeout can't: that counts for each lock
// anew, so that a transaction that takes several keeps others waiting for the
// first until it has the last. A transaction that has waited longer than the timeout
// in total while it holds a lock that others queue behind is cancelled, and so is one that
// waits longer for a single lock, because it has set lock_timeout itself.
type observer struct {
	m    *Migrator
	of   atomic.Pointer[observed]
	tick time.Duration

	due  time.Duration // how long an answer may be on its way
	idle time.Time     // since when the server waits for the session; zero if it doesn't

	stop context.CancelFunc
	done chan struct{}

	mu   sync.Mutex
	task *task // what runs now, nil if nothing does

	last *task // the one before, or task itself

	conn *pgx.Conn // the loop's own
	deaf time.Time // until when it doesn't try to connect again

	given  chan *pgx.Conn // a connection that the loop takes over
	warned sync.Once
}

// task is a transaction, or a statement outside of one, which may be several transactions.
type task struct {
	since    time.Time
	limit    time.Duration // of all the waiting of a transaction; 0: none
	tx       string        // virtual id of the one that waited last
	waited   time.Duration // by that one
	lock     string        // that it waits for, or waited for last
	locking  time.Time     // since when, or later
	looked   time.Time     // when the loop last looked
	waiting  time.Time     // since when it waits now; zero if it doesn't
	told     time.Time     // when its blockers were told last
	blockers []Blocker
	gaveWay  bool // it was cancelled for waiting too long

	stmt      *LogStmt // which runs, nil between two
	stmtSince time.Time
	progress  time.Time // when it was told last
}

// observe starts an observer of the session.
func (s *session) observe(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	o := &observer{m: s.m, due: s.conn.Config().ConnectTimeout, stop: cancel, done: make(chan struct{}), given: make(chan *pgx.Conn, 1)}
	o.watch(s)
	o.tick = min(max(s.m.cfg.LockTimeout/20, 10*time.Millisecond), 100*time.Millisecond)
	if !s.locked {
		// What only reads waits once: a look before that ends is enough, and most end before.
		o.tick = max(s.m.cfg.LockTimeout/3, 10*time.Millisecond)
	}
	s.observer = o
	go o.loop(ctx)
}

// observed is the connection that is observed.
type observed struct {
	pid     int32 // of the server's process
	answers *answers
}

// watch has it observe the connection that the session has now.
func (o *observer) watch(s *session) {
	if o != nil {
		o.of.Store(&observed{s.pid, s.answers})
	}
}

// close ends the observer.
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

// second returns the connection from which it will observe, nil if none is to be had. Until it observes the caller may use it.
func (o *observer) second(ctx context.Context) (*pgx.Conn, error) {
	dialing, cancel := context.WithTimeout(ctx, deafFor)
	defer cancel()
	conn, err := o.connect(dialing)
	if err != nil {
		o.warn(ctx)
		return nil, context.Cause(ctx)
	}
	return conn, nil
}

// disconnect closes a connection, be it in time or not.
func disconnect(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), cleanup)
	defer cancel()
	_ = conn.Close(ctx)
}

// begin says that a task begins, whose transactions may each wait for limit in total,
// or without limit if that is 0.
func (o *observer) begin(limit time.Duration) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.task = &task{since: time.Now(), limit: limit}
	o.last = o.task
}

// end says that it has ended.
func (o *observer) end() {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.task = nil
}

// statement says that a statement begins. The function that it returns says that
// it has ended.
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
		t.stmt = nil
	}
}

// lastBlockers returns whom the last task waited for.
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
			t, busy = &task{since: time.Now()}, true // we ask something ourselves, which may have got lost
		}
		if busy && time.Now().After(o.deaf) {
			o.look(ctx, t)
		}
	}
}

// look finds out what a task does. What can't be found out this time is left
// out: the migration goes on without it.
func (o *observer) look(ctx context.Context, t *task) {
	if o.conn == nil {
		select {
		case o.conn = <-o.given:
		default:
		}
	}
	if o.conn == nil || o.conn.IsClosed() {
		if o.conn, _ = o.connect(ctx); o.conn == nil {
			o.deaf = time.Now().Add(deafFor)
			o.warn(ctx)
			return
		}
	}
	var waits, idle bool
	var tx, lock string
	of := o.of.Load()
	err := o.conn.QueryRow(ctx, `
SELECT a.wait_event_type IS NOT DISTINCT FROM 'Lock', a.wait_event IS NOT DISTINCT FROM 'ClientRead', COALESCE(l.virtualtransaction, ''),
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
		t.waiting = before // or later: others wait no longer than this says
	case !waits && !t.waiting.IsZero():
		t.waited += now.Sub(t.waiting)
		t.waiting = time.Time{}
	}
	total := t.waited
	if waits {
		total += now.Sub(t.waiting)
	}
	tooLong := waits && t.limit > 0 && total >= t.limit && !t.gaveWay
	// What runs may have switched lock_timeout off.
	unbounded := tooLong && now.Sub(t.locking) >= t.limit
	o.mu.Unlock()

	if waits {
		o.tellBlockers(ctx, t)
		if tooLong {
			o.giveWay(ctx, t, unbounded)
		}
	}
	o.tellProgress(ctx, t)
}

// lost is told whether the server waits for the session, or has no process for it any more. If that is so while the session has
// waited for the server for as long as an answer may be on its way, one of them has got lost.
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

// warn says once what goes without a connection to observe from.
func (o *observer) warn(ctx context.Context) {
	if ctx.Err() == nil {
		o.warned.Do(func() {
			o.m.cfg.Log.Log(LogNotice{"WARNING", "a second connection could not be had: it is not seen who blocks this one, and lock_timeout counts for each lock by itself"})
		})
	}
}

func (o *observer) connect(ctx context.Context) (*pgx.Conn, error) {
	cfg, answers := o.m.connConfig()
	cfg.OnNotice = nil
	// What it asks needn't be cancelled: the session's end doesn't wait for an answer.
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

// tellBlockers finds out whom a task waits for.
func (o *observer) tellBlockers(ctx context.Context, t *task) {
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
	if waited >= blockedAfter && (others || t.told.IsZero() || time.Since(t.told) >= blockedAgain) {
		t.told = time.Now()
		o.m.cfg.Log.Log(LogBlocked{Blockers: blockers, Waited: waited})
	}
}

// giveWay cancels a task if it holds locks that others may wait for, or whatever it holds.
func (o *observer) giveWay(ctx context.Context, t *task, whatever bool) {
	var strong bool
	// What the task itself created is not in the observer's catalog.
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

// tellProgress says how far a long statement has come.
func (o *observer) tellProgress(ctx context.Context, t *task) {
	o.mu.Lock()
	stmt, since, told := t.stmt, t.stmtSince, t.progress
	if told.Before(since) {
		told = since
	}
	due := o.task == t && stmt != nil && time.Since(told) >= progressEvery
	if due {
		t.progress = time.Now()
	}
	o.mu.Unlock()
	if !due {
		return
	}
	e := LogProgress{Stmt: stmt.Stmt, N: stmt.N, Total: stmt.Total, Elapsed: time.Since(since)}
	e.Phase, e.Done, e.Of, e.Unit, _ = o.progress(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.task == t && t.stmt == stmt {
		o.m.cfg.Log.Log(e)
	}
}

// progress asks PostgreSQL's progress views; a statement that none of them knows
// has an empty phase.
func (o *observer) progress(ctx context.Context) (phase string, done, of int64, unit string, err error) {
	sql := `
SELECT phase, CASE WHEN phase ~ '^waiting' THEN lockers_done WHEN blocks_total > 0 THEN blocks_done ELSE tuples_done END,
       CASE WHEN phase ~ '^waiting' THEN lockers_total WHEN blocks_total > 0 THEN blocks_total ELSE tuples_total END,
       CASE WHEN phase ~ '^waiting' THEN 'sessions' WHEN blocks_total > 0 THEN 'blocks' ELSE 'rows' END
  FROM pg_catalog.pg_stat_progress_create_index WHERE pid = $1
 UNION ALL SELECT phase, heap_blks_scanned, heap_blks_total, 'blocks' FROM pg_catalog.pg_stat_progress_cluster WHERE pid = $1
 UNION ALL SELECT phase, CASE phase WHEN 'vacuuming heap' THEN heap_blks_vacuumed ELSE heap_blks_scanned END, heap_blks_total, 'blocks' FROM pg_catalog.pg_stat_progress_vacuum WHERE pid = $1
 UNION ALL SELECT phase, sample_blks_scanned, sample_blks_total, 'blocks' FROM pg_catalog.pg_stat_progress_analyze WHERE pid = $1`
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

// A WaitError is a transaction that was cancelled because it had waited for
// longer than the lock timeout in total, while others waited for what it held.
type WaitError struct {
	Limit time.Duration
	Err   error
}

func (e *WaitError) Error() string {
	return fmt.Sprintf("waited longer than %s for locks", e.Limit)
}

func (e *WaitError) Unwrap() error { return e.Err }
