package migrator_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// slow has files of every kind. Their statements take long enough to be interrupted, and can be repeated if they run
// outside a transaction. Those of its block can't.
var slow = []file{
	shop[0],
	{"20240102000000_slow.sql", `-- alembic:revision bbb222

ALTER TABLE orders ADD COLUMN total int;
INSERT INTO orders SELECT n, 'order ' || n, n + length(pg_sleep(0.0005)::text) FROM generate_series(1, 100) n;
ALTER TABLE orders ADD COLUMN tax int;
`, "ALTER TABLE orders DROP COLUMN tax;\nDELETE FROM orders;\nSELECT pg_sleep(0.04);\nALTER TABLE orders DROP COLUMN total;\n"},
	{"20240103000000_alone.sql", `-- alembic:revision ccc333
-- atlas:txmode none

CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_orders_total ON orders (total);
DO $$BEGIN
    FOR i IN 0..3 LOOP
        UPDATE orders SET tax = id WHERE id % 4 = i AND tax IS NULL;
        PERFORM pg_sleep(0.02);
        COMMIT;
    END LOOP;
END$$;
INSERT INTO items SELECT id, id FROM orders;
BEGIN;
UPDATE orders SET total = total + 1;
ALTER TABLE items ADD COLUMN price int;
COMMIT;
CREATE INDEX CONCURRENTLY ix_orders_tax ON orders ((tax + pg_catalog.length(note))) WHERE tax > 0;
DROP INDEX CONCURRENTLY ix_orders_total;
`, `-- atlas:txmode none

CREATE INDEX CONCURRENTLY ix_orders_total ON orders (total);
DROP INDEX CONCURRENTLY ix_orders_tax;
BEGIN;
ALTER TABLE items DROP COLUMN price;
UPDATE orders SET total = total - 1;
COMMIT;
DELETE FROM items;
DO $$BEGIN UPDATE orders SET tax = NULL; COMMIT; PERFORM pg_sleep(0.04); END$$;
DROP INDEX CONCURRENTLY IF EXISTS ix_orders_total;
`},
}

// terminate ends the backend of the migrator that works on the database.
func (b *bench) terminate() {
	conn, err := b.db.Connect(context.Background())
	if err != nil {
		b.Error(err)
		return
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ibutsu-schema' AND datname = current_database()"); err != nil {
		b.Error(err)
	}
}

// interrupted runs do and interrupts it at the n-th statement, when it begins or a little later. It reports whether
// there was such a statement.
func (b *bench) interrupted(n int, later, kill bool, do func(context.Context) error) bool {
	b.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	stop := func() { cancel(errors.New("stopped by the test")) }
	if kill {
		stop = b.terminate
	}
	var wg sync.WaitGroup
	count := 0
	b.log.hook = func(e migrator.LogEntry) {
		if _, ok := e.(migrator.LogStmt); !ok {
			return
		}
		if count++; count != n {
			return
		}
		if !later {
			stop()
			return
		}
		wg.Go(func() {
			time.Sleep(15 * time.Millisecond)
			stop()
		})
	}
	start := time.Now()
	err := do(ctx)
	wg.Wait()
	b.log.hook = nil
	if err == nil && count >= n && !later {
		b.Errorf("statement %d was interrupted, and nothing failed", n)
	}
	if d := time.Since(start); d > 3*time.Second {
		b.Errorf("statement %d: an interrupted run took %s", n, d)
	}
	if err != nil && !kill && count >= n && context.Cause(ctx) != nil && !errors.Is(err, context.Cause(ctx)) {
		b.Errorf("statement %d: the error is not the interruption: %v", n, err)
	}
	return count >= n
}

// truthful checks that status finds the database in order after an interruption.
func (b *bench) truthful() {
	b.Helper()
	st := b.status()
	if len(st.Problems) > 0 || st.Settle != "" {
		b.Errorf("after an interruption the status is %+v", st)
	}
	if st.Partial != nil && st.Done > st.Total {
		b.Errorf("%d of %d statements are done", st.Done, st.Total)
	}
}

// More sessions want to migrate than the server accepts, and the one that migrates waits for a writer in a concurrent
// build.
func TestManyAtOnce(t *testing.T) {
	d := dir(t, slow...)
	for _, n := range []int{10, 100} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			b := setup(t, d)
			b.mustApply(migrator.Options{N: 2})
			writer := b.session("BEGIN; UPDATE orders SET tax = tax")
			results := make([]*migrator.Result, n)
			errs := make([]error, n)
			var wg sync.WaitGroup
			for i := range n {
				wg.Go(func() { results[i], errs[i] = migrator.New(b.cfg).Apply(context.Background(), migrator.Options{}) })
			}
			time.Sleep(1500 * time.Millisecond)
			b.end(writer, "ROLLBACK")
			wg.Wait()
			worked := 0
			for i, res := range results {
				if errs[i] != nil {
					t.Errorf("one failed: %v", errs[i])
				}
				switch len(res.Ran) {
				case 0:
				case 1:
					worked++
				default:
					t.Errorf("one applied %v", ran(res.Ran))
				}
			}
			if worked != 1 {
				t.Errorf("%d worked", worked)
			}
			if len(logged[migrator.LogWait](b.log)) < n/2 {
				t.Errorf("only %d said that they wait", len(logged[migrator.LogWait](b.log)))
			}
			t.Logf("%d tries to connect", len(logged[migrator.LogRetry](b.log)))
		})
	}
}

// session opens a connection on which other people's transactions run.
func (b *bench) session(sql string) *pgx.Conn {
	b.Helper()
	conn := b.db.Conn()
	if _, err := conn.PgConn().Exec(context.Background(), sql).ReadAll(); err != nil {
		b.Fatal(err)
	}
	return conn
}

func (b *bench) end(conn *pgx.Conn, sql string) {
	if _, err := conn.PgConn().Exec(context.Background(), sql).ReadAll(); err != nil {
		b.Error(err)
	}
}

func TestLocked(t *testing.T) {
	b := setup(t, dir(t, shop...))
	// The key is the one that the Atlas CLI makes of "atlas_migrate_execute".
	other := b.session("SET application_name = 'nightly'; SELECT pg_advisory_lock(2686470616)")
	before := b.everything()
	for _, wait := range []time.Duration{-1, 200 * time.Millisecond} {
		b.cfg.Wait = wait
		start := time.Now()
		_, err := b.apply(migrator.Options{})
		var locked *migrator.LockedError
		if !errors.As(err, &locked) {
			t.Fatalf("apply gave %v, want a LockedError", err)
		}
		if locked.Holder.PID != int(other.PgConn().PID()) || locked.Holder.Application != "nightly" || locked.Holder.Since.IsZero() {
			t.Errorf("the holder is %+v", locked.Holder)
		}
		if d := time.Since(start); d < wait || d > 2*time.Second {
			t.Errorf("that took %s", d)
		}
	}
	b.same(before)
	if st := b.status(); len(st.Pending) != len(shop) {
		t.Errorf("status says %+v", st)
	}
	b.cfg.Wait = 0
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		time.Sleep(300 * time.Millisecond)
		b.end(other, "SELECT pg_advisory_unlock_all()")
	})
	b.mustApply(migrator.Options{})
}

func TestLockTimeout(t *testing.T) {
	b := setup(t, dir(t, shop...))
	b.cfg.LockTimeout = 50 * time.Millisecond
	b.mustApply(migrator.Options{N: 1})
	first := b.everything()

	reader := b.session("BEGIN; SELECT * FROM orders")
	b.cfg.LockRetry = 200 * time.Millisecond
	_, err := b.apply(migrator.Options{})
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "55P03" {
		t.Fatalf("apply gave %v, want a lock timeout", err)
	}
	b.same(first)

	b.cfg.LockRetry = 0
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		time.Sleep(300 * time.Millisecond)
		b.end(reader, "COMMIT")
	})
	b.mustApply(migrator.Options{})
	if n := len(logged[migrator.LogRetry](b.log)); n < 2 {
		t.Errorf("%d tries were logged", n)
	}
}

// A client that is killed doesn't end its session. The server must soon stop its statement and free the lock.
func TestKilledClient(t *testing.T) {
	files := []file{{"1_a.sql", "CREATE TABLE t (id int);\n", ""}}
	b := setup(t, dir(t, files...))
	if pgtest.Server(t).VersionNum() < 140000 {
		t.Skip("PostgreSQL 13 does not look after its clients")
	}
	files[0].sql += "SELECT pg_sleep(60);\n"
	killed := b.cfg
	var (
		mu      sync.Mutex
		sockets []net.Conn
		dead    bool
	)
	kill := func() {
		mu.Lock()
		defer mu.Unlock()
		dead = true
		for _, c := range sockets {
			c.Close()
		}
	}
	dial := killed.ConnConfig.DialFunc
	killed.ConnConfig = killed.ConnConfig.Copy()
	killed.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		if dead { // a dead client doesn't request a cancellation either
			return nil, errors.New("dead")
		}
		c, err := dial(ctx, network, addr)
		sockets = append(sockets, c)
		return c, err
	}
	killed.Dir = read(t, write(t, files))
	killed.Log = &recorder{hook: func(e migrator.LogEntry) {
		if e, ok := e.(migrator.LogStmt); ok && e.N == 2 {
			time.AfterFunc(100*time.Millisecond, kill)
		}
	}}
	if _, err := migrator.New(killed).Apply(context.Background(), migrator.Options{}); err == nil {
		t.Fatal("nothing failed")
	}
	start := time.Now()
	b.mustApply(migrator.Options{})
	if d := time.Since(start); d > 6*time.Second {
		t.Errorf("the lock was free only after %s", d)
	}
}

func TestAlembicAtTheSameTime(t *testing.T) {
	t.Run("before us", func(t *testing.T) {
		b := setup(t, dir(t, shop...))
		b.mustApply(migrator.Options{N: 1})
		b.log.hook = func(e migrator.LogEntry) {
			if e, ok := e.(migrator.LogFile); ok && e.File.Version == "20240103000000" {
				b.db.Exec("UPDATE alembic_version SET version_num = 'zzz'")
			}
		}
		_, err := b.apply(migrator.Options{})
		var conflict *revision.ConflictError
		if !errors.As(err, &conflict) || conflict.Want != "bbb222" || len(conflict.Have) != 1 || conflict.Have[0] != "zzz" {
			t.Errorf("apply gave %v", err)
		}
		if got := b.journal(); got != "20240101000000 2 2/2,20240102000000 2 1/1" {
			t.Errorf("the journal is %s", got)
		}
	})
	t.Run("after us", func(t *testing.T) {
		b := setup(t, dir(t, shop...))
		b.mustApply(migrator.Options{N: 1})
		rows := make(chan int64, 1)
		b.log.hook = func(e migrator.LogEntry) {
			if e, ok := e.(migrator.LogStmt); ok && e.N == 1 {
				b.log.hook = nil
				conn := b.session("SELECT 1")
				go func() {
					tag, err := conn.Exec(context.Background(), "UPDATE alembic_version SET version_num = 'zzz' WHERE version_num = 'aaa111'")
					if err != nil {
						b.Error(err)
					}
					rows <- tag.RowsAffected()
				}()
				time.Sleep(100 * time.Millisecond)
			}
		}
		b.mustApply(migrator.Options{N: 1})
		if n := <-rows; n != 0 {
			t.Errorf("Alembic changed %d rows", n)
		}
		if got := b.alembic(); got != "bbb222" {
			t.Errorf("alembic_version says %s", got)
		}
	})
}

// Settings in a file without a transaction also apply to the part that a later run executes.
func TestResumedSession(t *testing.T) {
	b := setup(t, dir(t, file{"1_a.sql", `-- atlas:txmode none

CREATE SCHEMA app;
SET search_path = app;
CREATE TABLE here (id int);
CREATE INDEX CONCURRENTLY ix_here ON here (id);
`, ""}))
	b.interrupted(3, false, false, func(ctx context.Context) error {
		_, err := b.m().Apply(ctx, migrator.Options{})
		return err
	})
	if st := b.status(); st.Done != 2 {
		t.Errorf("the status is %+v", st)
	}
	b.interrupted(2, true, true, func(ctx context.Context) error {
		_, err := b.m().Apply(ctx, migrator.Options{})
		return err
	})
	b.mustApply(migrator.Options{})
	if got := b.query("SELECT string_agg(relnamespace::regnamespace || '.' || relname, ',' ORDER BY relname) FROM pg_class WHERE relname LIKE '%here'"); got != "app.here,app.ix_here" {
		t.Errorf("the objects are %s", got)
	}
}
