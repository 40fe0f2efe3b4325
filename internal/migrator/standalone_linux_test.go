package migrator_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// standalone are all kinds of statements that run outside a transaction. {db} is the test's database, {other} another
// existing one.
var standalone = []struct {
	name string
	sql  string // statements; they can be run again
	make string // SQL to run before, as superuser
	hold string // SQL that another session runs in a transaction meanwhile; "": SELECT FROM t
	read string // a query that may wait for the statement; "": SELECT FROM t
	// free means that the statement waits for no lock that another session could hold.
	free bool
	// patient means that the statement runs CONCURRENTLY: it waits until the other session ends.
	patient bool
	fails   string // the statement's error once it has the lock
	shared  bool   // the lock is on an object that all databases share
	since   int    // the first server that knows the statement
}{
	{name: "vacuum full", sql: "VACUUM FULL t"},
	{name: "vacuum full by option", sql: "VACUUM (FULL, ANALYZE) t"},
	{name: "vacuum full of several", sql: "VACUUM FULL u, t"},
	{name: "vacuum full of all", sql: "VACUUM FULL"},
	{name: "vacuum", sql: "VACUUM t", hold: "LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE"},
	{name: "cluster", sql: "CLUSTER"},
	{name: "cluster verbose", sql: "CLUSTER VERBOSE"},
	{name: "reindex schema", sql: "REINDEX SCHEMA public"},
	{name: "reindex schema by option", sql: "REINDEX (VERBOSE, CONCURRENTLY off) SCHEMA public", since: 14},
	{name: "reindex database", sql: "REINDEX DATABASE {db}"},
	{name: "reindex system", sql: "REINDEX SYSTEM {db}", hold: "COMMENT ON TABLE t IS 'held'", read: "COMMENT ON TABLE u IS 'read'"},
	{name: "after discard all", sql: "DISCARD ALL; VACUUM FULL t"},
	{name: "after set", sql: "SET lock_timeout = 0; VACUUM FULL t"},
	{name: "do", sql: "DO $$BEGIN ALTER TABLE t ADD COLUMN IF NOT EXISTS x int; COMMIT; ALTER TABLE u ADD COLUMN IF NOT EXISTS x int; END$$"},
	{name: "do in its second transaction", sql: "DO $$BEGIN ALTER TABLE u ADD COLUMN IF NOT EXISTS x int; COMMIT; ALTER TABLE t ADD COLUMN IF NOT EXISTS x int; END$$"},
	{name: "call", sql: "CALL p()"},
	{name: "create database", sql: "CREATE DATABASE {other}_copy TEMPLATE {other}", hold: "COMMENT ON DATABASE {other} IS 'held'"},
	{name: "drop database", sql: "DROP DATABASE IF EXISTS {other}", hold: "COMMENT ON DATABASE {other} IS 'held'"},
	{name: "alter database", sql: "ALTER DATABASE {other} SET TABLESPACE pg_default", hold: "COMMENT ON DATABASE {other} IS 'held'"},
	{name: "create tablespace", sql: "CREATE TABLESPACE {db} LOCATION '/nowhere'", hold: "LOCK TABLE pg_tablespace IN SHARE MODE", fails: `"/nowhere" does not exist`, shared: true},
	{name: "drop tablespace", sql: "DROP TABLESPACE IF EXISTS nowhere", hold: "LOCK TABLE pg_tablespace IN SHARE MODE", shared: true},
	{name: "create subscription", sql: "CREATE SUBSCRIPTION {db}_new CONNECTION 'host=/nowhere' PUBLICATION p", hold: "LOCK TABLE pg_subscription IN SHARE MODE", fails: "/nowhere", shared: true},
	{name: "alter subscription", sql: "ALTER SUBSCRIPTION {db} REFRESH PUBLICATION", make: subscribed, hold: "LOCK TABLE pg_subscription IN SHARE MODE", fails: "/nowhere", shared: true},
	{name: "drop subscription", sql: "DROP SUBSCRIPTION IF EXISTS {db}", make: subscribed, hold: "LOCK TABLE pg_subscription IN SHARE MODE", read: "SELECT FROM pg_subscription", fails: "/nowhere", shared: true},
	{name: "alter system", sql: "ALTER SYSTEM SET work_mem = '5MB'", free: true},
	{name: "commit prepared", sql: "COMMIT PREPARED '{db}'", make: prepared, free: true},
	{name: "rollback prepared", sql: "ROLLBACK PREPARED '{db}'", make: prepared, free: true},

	{name: "create index concurrently", sql: "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON t (note)", hold: "INSERT INTO t VALUES (-1)", patient: true},
	{name: "drop index concurrently", sql: "DROP INDEX CONCURRENTLY IF EXISTS t_note", patient: true},
	{name: "reindex concurrently", sql: "REINDEX TABLE CONCURRENTLY t", hold: "INSERT INTO t VALUES (-1)", patient: true},
	{name: "reindex schema concurrently", sql: "REINDEX SCHEMA CONCURRENTLY public", hold: "INSERT INTO t VALUES (-1)", patient: true},
	{name: "reindex by option", sql: "REINDEX (CONCURRENTLY) INDEX t_pkey", hold: "INSERT INTO t VALUES (-1)", patient: true, since: 14},
	{name: "detach concurrently", sql: "ALTER TABLE parted DETACH PARTITION part CONCURRENTLY", hold: "SELECT FROM parted", read: "SELECT FROM parted", patient: true, since: 14},
}

const standingTables = `CREATE TABLE t (id int PRIMARY KEY, note text);
CREATE INDEX t_note ON t (note);
CREATE TABLE u (id int PRIMARY KEY);
INSERT INTO t SELECT n, 'note' FROM generate_series(1, 1000) n;
CLUSTER t USING t_pkey;
CREATE TABLE parted (a int) PARTITION BY LIST (a);
CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$BEGIN ALTER TABLE t ADD COLUMN IF NOT EXISTS x int; COMMIT; END$$;
`

const (
	subscribed = "CREATE SUBSCRIPTION {db} CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false, slot_name = 'none_such'); ALTER SUBSCRIPTION {db} ENABLE"
	prepared   = "BEGIN; INSERT INTO u VALUES (1); PREPARE TRANSACTION '{db}'"
)

// standaloneBound is the lock_timeout. The other session holds its lock until the statement has given way, at most for
// standingMost; if the statement runs CONCURRENTLY, it holds the lock for standingHold. On a busy machine, a reader may
// wait longer than the bound, by standingMargin.
const (
	standaloneBound = 400 * time.Millisecond
	standingMargin  = 800 * time.Millisecond
	standingHold    = 1500 * time.Millisecond
	standingMost    = 5 * time.Second
)

// trial is one statement's database.
type trial struct {
	*testing.T
	server *ownServer
	db     string
	log    *recorder
	cfg    migrator.Config
}

func (s *trial) put(sql string) string {
	return strings.NewReplacer("{db}", s.db, "{other}", s.db+"_other").Replace(sql)
}

func (s *trial) conn() *pgx.Conn {
	s.Helper()
	conn, err := pgx.ConnectConfig(context.Background(), s.server.config(s.db))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// A reader waits for a statement outside a transaction no longer than the bound, whatever the statement and however it
// is run. A statement that runs CONCURRENTLY blocks nobody, and has no timeout.
func TestReadersBehindStandaloneStatements(t *testing.T) {
	server := newServer(t, "max_prepared_transactions=100", "max_connections=400", "wal_level=logical", "max_wal_senders=3", "autovacuum=off")
	ways := []struct {
		name string
		run  func(*trial) error
	}{
		{"apply", func(s *trial) error {
			_, err := migrator.New(s.cfg).Apply(context.Background(), migrator.Options{})
			return err
		}},
		{"down", func(s *trial) error {
			_, err := migrator.New(s.cfg).Down(context.Background(), migrator.Options{})
			return err
		}},
		{"script", (*trial).psql},
	}
	var all sync.WaitGroup
	defer all.Wait()                  // each statement is run in one of the ways, unless all are
	atOnce := make(chan struct{}, 12) // they mostly wait
	var sharing sync.Mutex            // by those whose locks reach other databases
	for i, c := range standalone {
		for j, w := range ways {
			if !sampled(i + j) {
				continue
			}
			way, run := w.name, w.run
			s := &trial{server: server, db: fmt.Sprintf("stand_%d_%s", i, way), log: &recorder{}}
			atOnce <- struct{}{}
			all.Go(func() {
				defer func() { <-atOnce }()
				t.Run(c.name+"/"+way, func(t *testing.T) {
					if server.throwaway.VersionNum()/10000 < c.since {
						t.Skipf("needs PostgreSQL %d", c.since)
					}
					s.T = t
					own := *server
					own.TB, s.server = t, &own
					own.exec("postgres", "CREATE DATABASE "+s.db)
					own.exec("postgres", "CREATE DATABASE "+s.db+"_other")
					s.prepare(s.put(c.sql), way)
					if c.make != "" {
						own.exec(s.db, s.put(c.make))
					}
					if c.shared {
						sharing.Lock()
						defer sharing.Unlock()
					}
					hold, read := c.hold, c.read
					if hold == "" {
						hold = "SELECT FROM t"
					}
					if read == "" {
						read = "SELECT FROM t"
					}
					holder := s.conn()
					if _, err := holder.PgConn().Exec(context.Background(), s.put("BEGIN; "+hold)).ReadAll(); err != nil {
						t.Fatal(err)
					}
					held := time.Now()
					worst := s.reader(read)
					most := standingMost
					if c.patient {
						most = standingHold
					}
					gaveWay := make(chan struct{}, 1)
					s.log.hook = func(e migrator.LogEntry) {
						if _, ok := e.(migrator.LogRetry); ok {
							select {
							case gaveWay <- struct{}{}:
							default:
							}
						}
					}
					over := make(chan struct{})
					go func() {
						defer close(over)
						select {
						case <-gaveWay:
						case <-time.After(most):
						}
						if _, err := holder.Exec(context.Background(), "COMMIT"); err != nil {
							t.Error(err)
						}
					}()
					err := run(s)
					took := time.Since(held)
					retries := len(logged[migrator.LogRetry](s.log))
					if way == "script" && strings.Contains(fmt.Sprint(err), "lock timeout") {
						// psql doesn't retry: the person who runs the script must.
						retries++
						gaveWay <- struct{}{}
						<-over
						err = run(s)
					} else if c.free {
						gaveWay <- struct{}{}
					}
					<-over
					waited := worst()
					t.Logf("it took %s, gave way %d times, a reader waited %s", took.Round(time.Millisecond), retries, waited.Round(time.Millisecond))
					switch {
					case c.fails == "" && err != nil, c.fails != "" && !strings.Contains(fmt.Sprint(err), c.fails):
						t.Errorf("it gave %v", err)
					case c.patient && (retries > 0 || took < standingHold):
						t.Errorf("it gave way %d times in %s, but works CONCURRENTLY", retries, took)
					case !c.free && !c.patient && retries == 0:
						t.Error("it never gave way: this case proves nothing")
					}
					if waited > standaloneBound+standingMargin {
						t.Errorf("a reader waited %s, the bound is %s", waited, standaloneBound)
					}
				})
			})
		}
	}
}

// prepare applies everything before the statements, and creates the other objects that they name.
func (s *trial) prepare(sql, way string) {
	s.Helper()
	stmts, err := pgsql.Split(sql)
	if err != nil {
		s.Fatal(err)
	}
	text := "-- atlas:txmode none\n\n"
	for _, stmt := range stmts {
		text += stmt.Text + ";\n"
	}
	last := file{name: "2_b.sql", sql: text}
	if way == "down" {
		last = file{name: "2_b.sql", sql: "SELECT 1;\n", down: text}
	}
	root := write(s.T, []file{{name: "1_a.sql", sql: standingTables}, last})
	nothing := catalog.Measure(catalog.Catalog{}, catalog.Catalog{}).String()
	if err := migration.Rehash(s.Context(), root, map[string]string{"1_a.sql": nothing, "2_b.sql": nothing}); err != nil {
		s.Fatal(err)
	}
	s.cfg = migrator.Config{ConnConfig: s.server.config(s.db), Dir: read(s.T, root), OperatorVersion: "test", Log: s.log, LockTimeout: standaloneBound, LockRetry: 15 * time.Second}
	opts := migrator.Options{N: 1}
	if way == "down" {
		opts = migrator.Options{}
	}
	if _, err := migrator.New(s.cfg).Apply(context.Background(), opts); err != nil {
		s.Fatal(err)
	}
}

// psql runs the printed script.
func (s *trial) psql() error {
	res, err := migrator.New(s.cfg).Apply(context.Background(), migrator.Options{DryRun: true})
	if err != nil {
		return err
	}
	cmd := exec.Command("psql", "-X", "-h", s.server.sockets, "-p", s.server.port, "-U", s.cfg.ConnConfig.User, "-d", s.db, "-f", "-")
	cmd.Stdin = strings.NewReader(res.Script)
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.New(string(out))
	}
	return nil
}

// reader runs a query again and again until the function that it returns is called, which says how long one took at
// most.
func (s *trial) reader(query string) (worst func() time.Duration) {
	conn := s.conn()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan time.Duration)
	go func() {
		var most time.Duration
		for ctx.Err() == nil {
			start := time.Now()
			if _, err := conn.Exec(context.Background(), query); err != nil {
				s.Errorf("reading: %v", err)
				break
			}
			most = max(most, time.Since(start))
			time.Sleep(5 * time.Millisecond)
		}
		done <- most
	}()
	return func() time.Duration {
		stop()
		return <-done
	}
}
