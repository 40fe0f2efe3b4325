package migrator

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

// The Atlas CLI locks databases under this name; with the same one, the two
// exclude each other.
const lockName = "atlas_migrate_execute"

// lockKey is the key that the Atlas CLI makes of the name.
func lockKey() int64 {
	h := fnv.New32()
	h.Write([]byte(lockName))
	return int64(h.Sum32())
}

// lock takes the lock, waiting for others by polling: a session that waits in
// the server holds a snapshot, and whoever builds an index concurrently waits
// for that.
func (s *session) lock(ctx context.Context) error {
	var (
		start   = time.Now()
		pause   = 25 * time.Millisecond
		told    time.Time
		holder  Holder
		refused = s.m.cfg.Wait < 0
	)
	for {
		end := s.answers.within(s.patience(start))
		locked, err := s.tryLock(ctx)
		var h Holder
		if err == nil && !locked {
			h, err = s.holder(ctx)
		}
		end()
		waited := time.Since(start)
		if s.m.cfg.Wait > 0 && waited >= s.m.cfg.Wait && errors.As(err, new(*StalledError)) {
			return &LockedError{Holder: holder, Waited: waited, Err: err}
		}
		if err != nil || locked {
			s.locked = locked
			return err
		}
		if h.PID != 0 && (h.PID != holder.PID || time.Since(told) > 30*time.Second) {
			holder, told = h, time.Now()
			if !refused {
				s.log(LogWait{Holder: holder, Waited: waited})
			}
		}
		if refused || s.m.cfg.Wait > 0 && waited >= s.m.cfg.Wait {
			return &LockedError{Holder: holder, Waited: waited}
		}
		d := pause + rand.N(pause)
		if s.m.cfg.Wait > 0 {
			d = min(d, s.m.cfg.Wait-waited)
		}
		if err := sleep(ctx, d); err != nil {
			return fmt.Errorf("waiting for another session (%s): %w", holder, err)
		}
		pause = min(2*pause, time.Second)
	}
}

// patience is how long an answer may take to one who has waited for the lock since start.
func (s *session) patience(start time.Time) time.Duration {
	d := s.conn.Config().ConnectTimeout
	if s.m.cfg.Wait > 0 {
		d = min(d, max(s.m.cfg.Wait-time.Since(start), shortestWait))
	}
	return d
}

// tryLock asks in one round trip for the lock, whether the server takes writes, and,
// once the lock is there, for the record's tables.
func (s *session) tryLock(ctx context.Context) (locked bool, err error) {
	var standby, readOnly bool
	var b pgx.Batch
	b.Queue(`
SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')::bool, pg_catalog.pg_try_advisory_lock($1)`,
		lockKey()).QueryRow(func(row pgx.Row) error { return row.Scan(&standby, &readOnly, &locked) })
	rest := s.m.cfg.Store.QueueRead(&b)
	err = s.conn.SendBatch(ctx, &b).Close()
	switch {
	case err != nil:
		return locked, fmt.Errorf("locking the database: %w", err)
	case standby:
		return locked, &RefusedError{"the server is a standby, which is read-only: name the primary in the URL"}
	case readOnly:
		return locked, &RefusedError{"the server lets this session only read: is it a replica, or does a pooler connect it read-only?"}
	}
	if locked {
		s.readRest = rest
	}
	return locked, nil
}

// holder returns who holds the lock; a zero Holder if nobody does any more.
func (s *session) holder(ctx context.Context) (Holder, error) {
	var h Holder
	var since *time.Time
	err := s.conn.QueryRow(ctx, `
SELECT l.pid, COALESCE(a.usename, ''), COALESCE(a.application_name, ''), COALESCE(pg_catalog.host(a.client_addr), ''), a.backend_start
  FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
   AND l.classid = 0::oid AND l.objid = $1::bigint::oid`, lockKey()).Scan(&h.PID, &h.User, &h.Application, &h.Client, &since)
	if errors.Is(err, pgx.ErrNoRows) {
		return Holder{}, nil
	}
	if err != nil {
		return Holder{}, fmt.Errorf("looking for who migrates this database: %w", err)
	}
	if since != nil {
		h.Since = *since
	}
	return h, nil
}
