package migrator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

const (
	// connectTimeout applies if the URL has no connect_timeout.
	connectTimeout = 15 * time.Second

	// cleanup is how long rolling back, recording and unlocking may take after an interruption.
	cleanup = 3 * time.Second

	// checkClient is how soon the server notices during a long statement that its client was killed, so that it stops
	// and frees the lock.
	checkClient = 2 * time.Second
)

// session is a connection on which migrations are run.
type session struct {
	m      *Migrator
	conn   *pgx.Conn
	script *runner.Session // on conn
	rec    revision.Record // as read by readRecord; its Has fields are kept up to date
	locked bool
	own    bool // the observer's connection holds the lock of ownKey

	// readRest reads the part of the record that tryLock didn't read; nil if it read nothing.
	readRest func(context.Context, revision.Querier) (revision.Record, error)
	read     bool // the record has been read
	allValid bool // no index was INVALID when the lock was taken

	fresh   bool          // reset the session before the next transaction
	limit   time.Duration // how long the file waits for a lock
	timeout time.Duration // lock_timeout on the server, or unknown

	pid      int32 // of the server's process, not of a pooler's
	proxied  bool  // connected through a pooler
	observer *observer
	answers  *answers
}

func (s *session) log(e LogEntry) { s.m.cfg.Log.Log(e) }

// connConfig returns the configuration of all connections, and the answers that watches them.
func (m *Migrator) connConfig() (*pgx.ConnConfig, *answers) {
	cfg := m.cfg.ConnConfig.Copy()
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	// Without prepared statements a query takes one round trip, and a migration can't invalidate a plan.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	cfg.StatementCacheCapacity, cfg.DescriptionCacheCapacity = 0, 0
	// A cancelled context must end the statement on the server, too.
	cfg.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: cleanup}
	}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		m.cfg.Log.Log(LogNotice{n.Severity, n.Message})
	}
	return cfg, watch(cfg)
}

// connect returns a session without the lock.
func (m *Migrator) connect(ctx context.Context) (*session, error) {
	cfg, answers := m.connConfig()
	conn, err := dial(ctx, cfg)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("connecting to PostgreSQL: %w", context.Cause(ctx))
		}
		return nil, NewConnectError(cfg, err)
	}
	s := &session{m: m, conn: conn, answers: answers}
	defer s.promptly()()
	version := conn.PgConn().ParameterStatus("server_version")
	err = refuseOld(version)
	if err == nil {
		m.firstOnce.Do(func() {
			if m.cfg.Connected != nil {
				m.cfg.Connected()
			}
			if since := pgsql.SupportEnded(pgsql.MajorVersion(version)); since != "" {
				m.cfg.Log.Log(LogUnsupported{version, since})
			}
		})
		err = s.setUp(ctx)
	}
	if err != nil {
		s.close(ctx)
		return nil, err
	}
	return s, nil
}

// refuseOld returns an error if the server is too old.
func refuseOld(version string) error {
	if major := pgsql.MajorVersion(version); major != 0 && major < pgsql.OldestMajor {
		return &RefusedError{fmt.Sprintf("the server is PostgreSQL %s, and %d is the oldest supported version: upgrade it first", version, pgsql.OldestMajor)}
	}
	return nil
}

// settings returns those of sessions that run migrations.
func (m *Migrator) settings() runner.Options {
	return runner.Options{Role: m.cfg.Role, LockTimeout: m.cfg.LockTimeout, CheckClient: checkClient, Keep: lockKey()}
}

// connectPatiently waits while the server has too many connections, for example because many wait for the same lock:
// for as long as Wait allows, or, if that is unlimited, LockRetry.
func (m *Migrator) connectPatiently(ctx context.Context) (*session, error) {
	patience := m.cfg.Wait
	if patience == 0 {
		patience = m.cfg.LockRetry
	}
	start := time.Now()
	pause := 200 * time.Millisecond
	for {
		s, err := m.connect(ctx)
		left := patience - time.Since(start)
		if pgsql.SQLState(err) != pgsql.TooManyConnections || left <= 0 || ctx.Err() != nil {
			return s, err
		}
		d := min(pause+rand.N(pause), left)
		m.cfg.Log.Log(LogRetry{What: "connecting", Err: err, After: d})
		if sleep(ctx, d) != nil {
			return nil, err
		}
		pause = min(2*pause, 5*time.Second)
	}
}

// open returns a new session. If locked is set, it may write and holds the lock.
func (m *Migrator) open(ctx context.Context, locked bool) (*session, error) {
	if !locked {
		return m.connect(ctx)
	}
	s, err := m.connectPatiently(ctx)
	if err != nil {
		return nil, err
	}
	return s.begun(ctx)
}

// begun takes the lock and starts an observer, unless Dial did. After an error the session is closed.
func (s *session) begun(ctx context.Context) (*session, error) {
	if s.locked {
		return s, nil // by Dial
	}
	if err := s.lock(ctx); err != nil {
		s.close(ctx)
		return nil, err
	}
	s.observe(ctx)
	return s, nil
}

// begins prepares for a step: its first transaction starts in a session like that of a separate run, and waits for
// locks as long as the file says.
func (s *session) begins(st *step) {
	s.fresh = true
	s.limit = cmp.Or(st.wait, s.m.cfg.LockTimeout)
}

// reset makes the session like that of a separate run.
func (s *session) reset(ctx context.Context) error {
	defer s.promptly()()
	ok, err := s.script.Reset(ctx)
	if err == nil && !ok {
		err = s.renew(ctx)
	}
	s.limit, s.timeout = s.m.cfg.LockTimeout, s.m.cfg.LockTimeout
	return err
}

// renew replaces the connection by a new one, which gets the lock.
func (s *session) renew(ctx context.Context) error {
	next, err := s.successor(ctx)
	if err != nil {
		return fmt.Errorf("connecting again: %w", err)
	}
	s.conn, s.answers, s.script, s.pid, s.proxied = next.conn, next.answers, next.script, next.pid, next.proxied
	s.observer.watch(s)
	return nil
}

// successor returns a new session that holds the lock, and ends this one.
func (s *session) successor(ctx context.Context) (*session, error) {
	if !s.proxied {
		next, err := s.m.connect(ctx)
		if err == nil {
			if err = s.handOver(ctx, next); err != nil {
				next.close(ctx)
			}
			return next, err
		}
		if pgsql.SQLState(err) != pgsql.TooManyConnections {
			return nil, err
		}
	}
	// Only one connection is available. Between the two, others may take the lock.
	s.unlock(ctx)
	_ = s.conn.Close(ctx)
	next, err := s.m.connectPatiently(ctx)
	if err != nil {
		return nil, err
	}
	if err := next.lock(ctx); err != nil {
		next.close(ctx)
		return nil, err
	}
	return next, nil
}

// handOver passes the lock to a session that waits for it in the server, before those that poll can get it, and ends
// this session. If this session takes longer than lock_timeout to end, the other one polls too.
func (s *session) handOver(ctx context.Context, next *session) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	got := make(chan error, 1)
	go func() {
		_, err := next.conn.Exec(ctx, "SELECT pg_catalog.pg_advisory_lock($1)", lockKey())
		got <- err
	}()
	var err error
	ended := false // the wait for the lock
	for waits := false; !waits && !ended && err == nil; {
		select {
		case err = <-got:
			ended = true
		default:
			err = s.conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE pid = $1 AND NOT granted)", next.pid).Scan(&waits)
		}
	}
	if err != nil && !ended {
		cancel()
		return errors.Join(err, <-got)
	}
	s.leave() // which frees the lock
	if !ended {
		err = <-got
	}
	if pgsql.SQLState(err) == pgsql.LockNotAvailable {
		return next.lock(ctx)
	}
	next.locked = err == nil
	return err
}

// unlock frees every advisory lock of a session that ends: ours, which each transaction with a record takes once more,
// and those that files have left.
func (s *session) unlock(ctx context.Context) {
	_, _ = s.conn.Exec(ctx, "SELECT pg_catalog.pg_advisory_unlock_all()")
}

// close unlocks and disconnects, even if ctx has ended.
func (s *session) close(ctx context.Context) {
	s.observer.close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	if s.locked && !s.conn.IsClosed() {
		// The server's session outlives the connection, through a pooler by far: the next command might find the
		// database locked.
		s.unlock(ctx)
	}
	if s.conn.IsClosed() || s.conn.PgConn().TxStatus() != idle {
		_ = s.conn.Close(ctx)
		return
	}
	s.leave()
}

// leave disconnects an idle session and doesn't wait for the server's process to end, as Close does.
func (s *session) leave() {
	hijacked, err := s.conn.PgConn().Hijack()
	if err != nil {
		_ = s.conn.PgConn().Conn().Close()
		return
	}
	hijacked.Frontend.Send(&pgproto3.Terminate{})
	_ = hijacked.Frontend.Flush()
	_ = hijacked.Conn.Close()
}

// retry calls try until it no longer fails because of other sessions' locks, with growing pauses. It gives up when
// LockRetry has passed since the first failure; the time until that failure doesn't count. A session without the lock,
// which only reads, tries once.
func (s *session) retry(ctx context.Context, what string, try func() error) error {
	pause := 100 * time.Millisecond
	var failed time.Time
	for start, tries := time.Now(), 1; ; tries++ {
		err := s.gaveWay(try())
		if err == nil || !givesWay(err) || ctx.Err() != nil {
			return err
		}
		if failed.IsZero() {
			failed = time.Now()
		}
		blockers := s.observer.lastBlockers()
		if !s.locked || time.Since(failed) > s.m.cfg.LockRetry {
			return &BlockedError{Blockers: blockers, Tries: tries, For: time.Since(start), Err: err}
		}
		d := pause + rand.N(pause)
		s.log(LogRetry{What: what, Err: err, Blockers: blockers, After: d})
		if sleep(ctx, d) != nil {
			return err
		}
		pause = min(2*pause, 5*time.Second)
	}
}

// gaveWay turns an error into a *WaitError if the observer cancelled the task.
func (s *session) gaveWay(err error) error {
	if pgsql.SQLState(err) != pgsql.QueryCanceled || !s.observer.cancelled() {
		return err
	}
	limit := s.limit
	var failed *StmtError
	if errors.As(err, &failed) {
		failed.Err = &WaitError{Limit: limit, Err: failed.Err}
		return err
	}
	return &WaitError{Limit: limit, Err: err}
}

// givesWay reports whether an error is due to other sessions' locks and worth a retry.
func givesWay(err error) bool {
	switch pgsql.SQLState(err) {
	case pgsql.LockNotAvailable, pgsql.DeadlockDetected, pgsql.SerializationFailure:
		return true
	}
	return errors.As(err, new(*WaitError))
}

// outcome completes the error of a run: that it was interrupted, or which role lacks privileges or doesn't
// exist, or which extension needs a superuser.
func (m *Migrator) outcome(ctx context.Context, err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == pgsql.InsufficientPrivilege {
		if name, ok := pgsql.DeniedExtension(pg.Message); ok && strings.Contains(pg.Hint, "superuser") {
			return interrupted(ctx, fmt.Errorf("%w; ask a superuser to create extension %s in this database first: CREATE EXTENSION IF NOT EXISTS then does nothing", err, pgsql.Ident(name)))
		}
		role := m.cfg.Role
		if role == "" {
			role = m.cfg.ConnConfig.User
		}
		var failed *StmtError
		if errors.As(err, &failed) && failed.Role != "" {
			return interrupted(ctx, fmt.Errorf("%w; it ran as role %s, which the file sets: grant that role the missing privileges", err, pgsql.Ident(failed.Role)))
		}
		err = fmt.Errorf("%w; it ran as role %s: grant that role the missing privileges, or run migrations as the owner of the tables (role in atlas.hcl)", err, pgsql.Ident(role))
	}
	if pg != nil && pg.Code != pgsql.InvalidAuthorizationSpecification { // which is about the role that connects
		if m, ok := pgsql.ParseMissing(pg.Message); ok && m.Kind == "role" {
			err = fmt.Errorf("%w; create role %s on this server first: roles belong to the whole server, and migrations don't create them", err, pgsql.Ident(m.Name))
		}
	}
	return interrupted(ctx, err)
}

// interrupted adds to an error that the run was interrupted, if ctx has ended.
func interrupted(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, context.Cause(ctx)) {
		return err
	}
	return fmt.Errorf("interrupted (%w): %w", context.Cause(ctx), err)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
