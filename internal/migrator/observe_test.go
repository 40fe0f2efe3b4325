package migrator_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// three has a file that takes the strongest lock on three tables. threeAlone does so in one statement of a file without
// a transaction.
var (
	three = []file{
		{"1_a.sql", "CREATE TABLE a (id int);\nCREATE TABLE b (id int);\nCREATE TABLE c (id int);\n", ""},
		{"2_b.sql", "ALTER TABLE a ADD COLUMN x int;\nALTER TABLE b ADD COLUMN x int;\nALTER TABLE c ADD COLUMN x int;\n", ""},
	}
	threeAlone = []file{three[0], {"2_b.sql", "-- atlas:txmode none\n\nDO $$BEGIN\n" + three[1].sql + "END$$;\n", ""}}
)

// PostgreSQL's lock_timeout applies to each lock. With it alone, readers of the first table would wait until the lock
// on the third is granted. No reader may wait longer than the timeout, plus a margin.
func TestReadersWaitNoLongerThanTheTimeout(t *testing.T) {
	t.Run("in a transaction", func(t *testing.T) { readersOfThree(t, three) })
	t.Run("in one statement", func(t *testing.T) { readersOfThree(t, threeAlone) })
}

func readersOfThree(t *testing.T, files []file) {
	b := setup(t, dir(t, files...))
	b.mustApply(migrator.Options{N: 1})
	// With a timeout for each lock, readers would wait another 1.2 s. The margin is for a busy machine.
	const timeout, margin = 1200 * time.Millisecond, 800 * time.Millisecond
	b.cfg.LockTimeout = timeout

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var wg sync.WaitGroup
	// Each table is free at times, but until the end never all of them within the timeout.
	for i, table := range []string{"a", "b", "c"} {
		holder := b.db.Conn()
		wg.Go(func() {
			for round := 0; round < 3; round++ {
				hold := time.Duration(i+1) * 800 * time.Millisecond
				b.end(holder, "BEGIN; LOCK TABLE "+table+" IN ACCESS SHARE MODE")
				time.Sleep(hold)
				b.end(holder, "COMMIT")
				time.Sleep(30 * time.Millisecond)
			}
		})
	}
	var worst time.Duration
	reader := b.db.Conn()
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		for ctx.Err() == nil {
			start := time.Now()
			if _, err := reader.Exec(context.Background(), "SELECT FROM a"); err != nil {
				b.Error(err)
				return
			}
			worst = max(worst, time.Since(start))
			time.Sleep(2 * time.Millisecond)
		}
	}()
	time.Sleep(50 * time.Millisecond)
	b.mustApply(migrator.Options{})
	wg.Wait()
	cancel()
	<-reading
	if worst > timeout+margin {
		t.Errorf("a reader waited %s, the timeout is %s", worst, timeout)
	}
	waited := 0
	for _, e := range logged[migrator.LogRetry](b.log) {
		if errors.As(e.Err, new(*migrator.WaitError)) {
			waited++
		}
	}
	t.Logf("a reader waited %s at most; %d tries gave way by the sum of their waits", worst, waited)
	if waited == 0 {
		t.Error("no try gave way by the sum of its waits: this test proves nothing")
	}
}

// waitsFor waits until another session waits for a lock on a relation, and returns the relation's name.
func (b *bench) waitsFor() string {
	b.Helper()
	for range 1000 {
		if name := b.query("SELECT COALESCE(min(relation::regclass::text), '') FROM pg_locks WHERE NOT granted AND locktype = 'relation'"); name != "" {
			return name
		}
		time.Sleep(5 * time.Millisecond)
	}
	b.Fatal("nobody waits")
	return ""
}

// REINDEX SCHEMA runs a transaction for each table, and waits in it for each index. The time that it waits in one
// transaction counts, not the sum.
func TestWaitsCountByTransaction(t *testing.T) {
	for name, tt := range map[string]struct {
		tables   string
		givesWay bool
	}{
		"one table":  {"CREATE TABLE a (id int, x int);\nCREATE INDEX a1 ON a (id);\nCREATE INDEX a2 ON a (x);\n", true},
		"two tables": {"CREATE TABLE a (id int);\nCREATE TABLE b (id int);\nCREATE INDEX a1 ON a (id);\nCREATE INDEX a2 ON b (id);\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, dir(t, file{"1_a.sql", tt.tables, ""}, file{"2_b.sql", "-- atlas:txmode none\n\nREINDEX SCHEMA public;\n", ""}))
			b.mustApply(migrator.Options{N: 1})
			b.cfg.LockTimeout = 2 * time.Second
			holders := map[string]*pgx.Conn{}
			for _, index := range []string{"a1", "a2"} {
				holders[index] = b.session("BEGIN; ALTER INDEX " + index + " SET (fillfactor = 80)")
			}
			var wg sync.WaitGroup
			wg.Go(func() {
				for range holders {
					index := b.waitsFor()
					time.Sleep(1500 * time.Millisecond)
					b.end(holders[index], "ROLLBACK")
				}
			})
			b.mustApply(migrator.Options{})
			wg.Wait()
			var gaveWay bool
			for _, e := range logged[migrator.LogRetry](b.log) {
				if !errors.As(e.Err, new(*migrator.WaitError)) {
					t.Errorf("it gave way by %v", e.Err)
				}
				gaveWay = true
			}
			if gaveWay != tt.givesWay {
				t.Errorf("gave way: %v, want %v", gaveWay, tt.givesWay)
			}
		})
	}
}

func TestBlockersAreNamed(t *testing.T) {
	b := setup(t, dir(t, three...))
	b.mustApply(migrator.Options{N: 1})
	b.cfg.LockTimeout, b.cfg.LockRetry = 700*time.Millisecond, time.Millisecond
	other := b.session("SET application_name = 'nightly report'; BEGIN; SELECT 'what it does' FROM b")
	_, err := b.apply(migrator.Options{})
	var blocked *migrator.BlockedError
	if !errors.As(err, &blocked) || len(blocked.Blockers) != 1 {
		t.Fatalf("apply gave %v, want a BlockedError", err)
	}
	got := blocked.Blockers[0]
	if got.PID != int(other.PgConn().PID()) || got.User != other.Config().User || got.Application != "nightly report" ||
		got.State != "idle in transaction" || !strings.Contains(got.Query, "what it does") || got.Age < 500*time.Millisecond || got.Hidden {
		t.Errorf("the blocker is %+v", got)
	}
	for _, part := range []string{fmt.Sprint("pid ", got.PID), "nightly report", "idle in transaction", "what it does", "tried"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error doesn't say %q: %v", part, err)
		}
	}
	if n := len(logged[migrator.LogBlocked](b.log)); n == 0 {
		t.Error("nothing was said while it waited")
	}
	b.end(other, "ROLLBACK")

	// What other roles do is hidden from a role without pg_read_all_stats.
	b.cfg.ConnConfig = loginConfig(b, "")
	admin := b.admin()
	if _, err := admin.Exec(context.Background(), "BEGIN; SELECT 1 FROM b"); err != nil {
		t.Fatal(err)
	}
	_, err = b.apply(migrator.Options{})
	if !errors.As(err, &blocked) || !blocked.Blockers[0].Hidden || !strings.Contains(err.Error(), "GRANT pg_read_all_stats TO "+pgsql.Ident(b.cfg.ConnConfig.User)+" shows it") || !strings.Contains(err.Error(), "age not visible") {
		t.Errorf("apply gave %v", err)
	}
	if _, err := admin.Exec(context.Background(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	b.mustApply(migrator.Options{})
}

// stuck is a writer that takes nothing until it is closed.
type stuck chan struct{}

func (w stuck) Write(p []byte) (int, error) {
	<-w
	return len(p), nil
}

// TestBlockerThatCopies has a backup that holds the lock.
func TestBlockerThatCopies(t *testing.T) {
	pgtest.Versions(t, "14-")
	b := setup(t, dir(t, three...))
	b.mustApply(migrator.Options{N: 1})
	b.cfg.LockTimeout, b.cfg.LockRetry = 700*time.Millisecond, time.Millisecond
	b.session(`CREATE TABLE "Big t" AS SELECT repeat('x', 1000) FROM generate_series(1, 20000)`)
	other := b.session("SET application_name = 'pg_dump'; BEGIN; SELECT FROM b")
	to, copied := make(stuck), make(chan error)
	go func() {
		_, err := other.PgConn().CopyTo(context.Background(), to, `COPY "Big t" TO STDOUT`)
		copied <- err
	}()
	_, err := b.apply(migrator.Options{})
	var blocked *migrator.BlockedError
	want := regexp.MustCompile(`pg_dump \(pid \d+, by application_name, user \w+, active\), in a transaction for \d+\.\d s; now copying public\."Big t": [\d,]+ rows, [\d.]+ [kM]B so far`)
	if !errors.As(err, &blocked) || !want.MatchString(err.Error()) {
		t.Errorf("apply gave %v, want %s", err, want)
	}
	close(to)
	if err := <-copied; err != nil {
		t.Error(err)
	}
	b.end(other, "ROLLBACK")
	b.mustApply(migrator.Options{})
}

// loginConfig makes a role that has the owner's rights and logs in with a password.
func loginConfig(b *bench, attributes string) *pgx.ConnConfig {
	b.Helper()
	cfg, err := pgx.ParseConfig(b.db.Login("a password", attributes))
	if err != nil {
		b.Fatal(err)
	}
	return cfg
}

// admin connects to the test's database as a superuser.
func (b *bench) admin() *pgx.Conn {
	b.Helper()
	conn, err := connectAdmin(b)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func TestDeadlockIsTriedAgain(t *testing.T) {
	b := setup(t, dir(t, three...))
	b.mustApply(migrator.Options{N: 1})
	b.cfg.LockTimeout = 10 * time.Second
	other := b.admin() // a superuser may set deadlock_timeout, so that this session isn't the victim
	b.end(other, "SET deadlock_timeout = '20s'; BEGIN; LOCK TABLE b")
	var wg sync.WaitGroup
	b.log.hook = func(e migrator.LogEntry) {
		if e, ok := e.(migrator.LogStmt); ok && e.N == 2 {
			b.log.hook = nil
			wg.Go(func() { b.end(other, "SELECT FROM a; COMMIT") })
		}
	}
	b.mustApply(migrator.Options{})
	wg.Wait()
	retries := logged[migrator.LogRetry](b.log)
	if len(retries) != 1 || !strings.Contains(retries[0].Err.Error(), "deadlock") {
		t.Errorf("the tries are %+v", retries)
	}
}

func TestOtherErrorsAreNotTriedAgain(t *testing.T) {
	b := setup(t, read(t, write(t, []file{{"1_a.sql", "SELECT 1/0;\n", ""}})))
	if _, err := b.apply(migrator.Options{}); err == nil {
		t.Fatal("nothing failed")
	}
	if n := len(logged[migrator.LogRetry](b.log)); n != 0 {
		t.Errorf("it was tried %d times again", n)
	}
	// Nor is a cancellation by somebody else.
	b = setup(t, read(t, write(t, []file{{"1_a.sql", "SELECT pg_cancel_backend(pg_backend_pid());\nSELECT pg_sleep(1);\n", ""}})))
	if _, err := b.apply(migrator.Options{}); err == nil || !strings.Contains(err.Error(), "user request") {
		t.Fatalf("apply gave %v", err)
	}
	if n := len(logged[migrator.LogRetry](b.log)); n != 0 {
		t.Errorf("it was tried %d times again", n)
	}
}

func TestProgressOfABuild(t *testing.T) {
	b := setup(t, dir(t,
		file{"1_a.sql", "CREATE TABLE a (id int, t text);\n", ""},
		file{"2_b.sql", "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY ix ON a (t);\n", ""}))
	b.mustApply(migrator.Options{N: 1})
	other := b.session("BEGIN; INSERT INTO a VALUES (1, 'x')")
	time.AfterFunc(1500*time.Millisecond, func() { b.end(other, "COMMIT") })
	b.mustApply(migrator.Options{})
	progress := logged[migrator.LogProgress](b.log)
	if len(progress) == 0 || !strings.HasPrefix(progress[0].Phase, "waiting for") || progress[0].Of != 1 || progress[0].Unit != "sessions" {
		t.Errorf("the progress is %+v", progress)
	}
	blocked := logged[migrator.LogBlocked](b.log)
	if len(blocked) == 0 || blocked[0].Blockers[0].PID != int(other.PgConn().PID()) {
		t.Errorf("the blockers are %+v", blocked)
	}
}

func TestProgressOfABlock(t *testing.T) {
	b := setup(t, dir(t,
		file{"1_a.sql", "CREATE TABLE a (id int);\n", ""},
		file{"2_b.sql", "-- atlas:txmode none\n\n-- repeatable it only adds rows\nDO $$ BEGIN FOR i IN 1..7 LOOP INSERT INTO a VALUES (i); COMMIT; END LOOP; PERFORM pg_sleep(1.5); END $$;\n", ""}))
	b.mustApply(migrator.Options{})
	progress := logged[migrator.LogProgress](b.log)
	if len(progress) == 0 || progress[0].Done != 7 || progress[0].Of != 0 || progress[0].Unit != "commits" {
		t.Errorf("the progress is %+v", progress)
	}
}

func TestUnsupportedVersionIsSaidOnce(t *testing.T) {
	b := setup(t, dir(t, three...))
	b.mustApply(migrator.Options{})
	want := 0
	if pgsql.SupportEnded(pgtest.Server(t).VersionNum()/10000) != "" {
		want = 1
	}
	if got := logged[migrator.LogUnsupported](b.log); len(got) != want {
		t.Errorf("it was said %d times, want %d: %v", len(got), want, got)
	}
}
