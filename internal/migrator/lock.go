package migrator

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// The Atlas CLI locks databases under this name. With the same name, the two tools exclude each other.
const lockName = "atlas_migrate_execute"

// makesWay is how long to wait until another process of this tool returns the lock that this one lost.
const makesWay = 5 * time.Second

// lockKey returns the key that the Atlas CLI derives from the name.
func lockKey() int64 {
	h := fnv.New32()
	h.Write([]byte(lockName))
	return int64(h.Sum32())
}

// lock takes the lock, and waits for others that have it.
func (s *session) lock(ctx context.Context) error {
	start := time.Now()
	err := s.m.await(ctx, func(ctx context.Context) (bool, Holder, error) {
		defer s.answers.within(s.patience(start))()
		locked, err := s.tryLock(ctx)
		if err != nil || locked {
			return locked, Holder{}, err
		}
		h, err := holderOf(ctx, s.conn, lockKey())
		return false, h, err
	})
	s.locked = err == nil
	return err
}

// await calls try until it has the lock. If another session has it, try returns that holder. It polls because a session
// that waits in the server holds a snapshot, for which CREATE INDEX CONCURRENTLY waits.
func (m *Migrator) await(ctx context.Context, try func(context.Context) (bool, Holder, error)) error {
	var (
		start   = time.Now()
		pause   = 25 * time.Millisecond
		told    time.Time
		holder  Holder
		refused = m.cfg.Wait < 0
	)
	for {
		locked, h, err := try(ctx)
		waited := time.Since(start)
		if m.cfg.Wait > 0 && waited >= m.cfg.Wait && errors.As(err, new(*StalledError)) {
			return &LockedError{Holder: holder, Waited: waited, Err: err}
		}
		if err != nil || locked {
			return err
		}
		if h.PID != 0 && (h.PID != holder.PID || time.Since(told) > 30*time.Second) {
			holder, told = h, time.Now()
			if !refused {
				m.cfg.Log.Log(LogWait{Holder: holder, Waited: waited})
			}
		}
		if refused || m.cfg.Wait > 0 && waited >= m.cfg.Wait {
			return &LockedError{Holder: holder, Waited: waited}
		}
		d := pause + rand.N(pause)
		if m.cfg.Wait > 0 {
			d = min(d, m.cfg.Wait-waited)
		}
		if err := sleep(ctx, d); err != nil {
			return fmt.Errorf("waiting for another session (%s): %w", holder, err)
		}
		pause = min(2*pause, time.Second)
	}
}

// patience returns how long the server may take to answer a session that has waited for the lock since start.
func (s *session) patience(start time.Time) time.Duration {
	d := s.conn.Config().ConnectTimeout
	if s.m.cfg.Wait > 0 {
		d = min(d, max(s.m.cfg.Wait-time.Since(start), shortestWait))
	}
	return d
}

// tryLock tries to take the lock. In the same round trip it asks whether the server accepts writes, has INVALID
// indexes, and has the record's tables.
func (s *session) tryLock(ctx context.Context) (locked bool, err error) {
	var standby, readOnly bool
	var b pgx.Batch
	b.Queue(`
SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')::bool, pg_catalog.pg_try_advisory_lock($1)`,
		lockKey()).QueryRow(func(row pgx.Row) error { return row.Scan(&standby, &readOnly, &locked) })
	var invalid bool
	b.Queue(anyInvalid).QueryRow(func(row pgx.Row) error { return row.Scan(&invalid) })
	rest := s.m.cfg.Store.QueueRead(&b)
	err = s.conn.SendBatch(ctx, &b).Close()
	switch {
	case err != nil:
		return locked, fmt.Errorf("locking the database: %w", err)
	case standby:
		return locked, &RefusedError{"the server is a standby, which is read-only: use the URL of the primary"}
	case readOnly:
		return locked, &RefusedError{"this session is read-only: is the server a replica, or does a pooler make sessions read-only?"}
	}
	if locked {
		s.readRest, s.allValid = rest, !invalid
	}
	return locked, nil
}

// holderOf returns the holder of the advisory lock with a key, a zero Holder if there is none.
func holderOf(ctx context.Context, conn *pgx.Conn, key int64) (Holder, error) {
	var h Holder
	var since *time.Time
	err := conn.QueryRow(ctx, `
SELECT l.pid, COALESCE(a.usename, ''), COALESCE(a.application_name, ''), COALESCE(pg_catalog.host(a.client_addr), ''), a.backend_start
  FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
   AND l.classid = 0::oid AND l.objid = $1::bigint::oid`, key).Scan(&h.PID, &h.User, &h.Application, &h.Client, &since)
	if errors.Is(err, pgx.ErrNoRows) {
		return Holder{}, nil
	}
	if err != nil {
		return Holder{}, fmt.Errorf("finding the session that migrates this database: %w", err)
	}
	if since != nil {
		h.Since = *since
	}
	return h, nil
}

// ownKey returns the key of a second lock, which only this tool takes, on the observer's connection. A migration can
// free the first lock, even in the middle of a statement, but not this one.
func ownKey() int64 {
	h := fnv.New32()
	h.Write([]byte("ibutsu-schema"))
	return int64(h.Sum32())
}

// errMadeWay means that the command must start again, because another process of this tool has changed the database.
var errMadeWay = errors.New("another session ran a migration that had freed its lock")

// againAfter calls try again while it fails with errMadeWay.
func againAfter(ctx context.Context, try func() error) error {
	for {
		if err := try(); !errors.Is(err, errMadeWay) || ctx.Err() != nil {
			return err
		}
	}
}

// exclude takes the lock of ownKey if one of the steps needs it, and holds it until the observer ends. A step that
// commits together with its record in one transaction doesn't need it: if two sessions run the step, the record lets
// only one commit. If another process of this tool has the lock of ownKey, exclude frees the first lock, waits for that
// process to end, and returns errMadeWay.
func (s *session) exclude(ctx context.Context, steps []*step) error {
	if !slices.ContainsFunc(steps, func(st *step) bool { return st.txNone && len(st.stmts) > 0 }) {
		return nil
	}
	conn, err := s.observer.second(ctx)
	if err != nil || conn == nil {
		return err
	}
	try := func(ctx context.Context) (locked bool, h Holder, err error) {
		err = conn.QueryRow(ctx, "SELECT pg_catalog.pg_try_advisory_lock($1)", ownKey()).Scan(&locked)
		if err == nil && !locked {
			h, err = holderOf(ctx, conn, ownKey())
		}
		return locked, h, err
	}
	if s.own, _, err = try(ctx); s.own {
		s.observer.given <- conn
		return nil
	}
	defer disconnect(conn)
	if err != nil {
		return fmt.Errorf("locking the database: %w", err)
	}
	s.unlock(ctx)
	s.locked = false
	if err := s.m.await(ctx, try); err != nil {
		return err
	}
	return errMadeWay
}

// relock takes the lock again after a migration freed it. Another process of this tool may hold it for a moment, until
// it sees that this one still runs.
func (s *session) relock(ctx context.Context) (locked bool, err error) {
	if !s.own {
		return false, nil
	}
	for start := time.Now(); !locked && time.Since(start) < makesWay; {
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return false, err
		}
		if err := s.conn.QueryRow(ctx, "SELECT pg_catalog.pg_try_advisory_lock($1)", lockKey()).Scan(&locked); err != nil {
			return false, err
		}
	}
	return locked, nil
}
