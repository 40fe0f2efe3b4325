package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
)

const (
	loadReaders = 4
	loadWriters = 4
	// loadPause is the pause between two statements of a connection, so that the processors aren't the bottleneck.
	loadPause = 5 * time.Millisecond
)

// A load reads and writes single rows of a table by id, until it is stopped. Readers and writers have separate
// connections: otherwise a waiting write would hide waiting reads.
type load struct {
	b    *testing.B
	done chan struct{}
	wait sync.WaitGroup

	mu          sync.Mutex
	read, write time.Duration // the longest
	err         error         // the first
}

// startLoad starts a load on one of the copies of results, whose rows are numbered up to n.
func startLoad(b *testing.B, db *devdb.Database, table string, n int) *load {
	b.Helper()
	if table == "numbered" {
		id := func() int { return 1 + rand.IntN(n) }
		return startLoadOf(b, db,
			func(int) string { return fmt.Sprintf("SELECT result FROM numbered WHERE id = %d", id()) },
			func(i int) string {
				if i%2 == 0 {
					return fmt.Sprintf("UPDATE numbered SET result = 'passed', status = 'done' WHERE id = %d", id())
				}
				// Literals have no type, so that the statement is the same before and after a change.
				return fmt.Sprintf("INSERT INTO numbered (id, token, at) VALUES (%d, '%016x%016x', '2026-01-01') ON CONFLICT DO NOTHING", n+rand.IntN(1_000_000_000), rand.Uint64(), rand.Uint64())
			})
	}
	id := func() string { return fmt.Sprintf("md5('result-%d')::uuid", 1+rand.IntN(n)) }
	read := func(int) string { return fmt.Sprintf("SELECT result FROM %s WHERE id = %s", table, id()) }
	write := func(i int) string {
		if i%2 == 0 {
			return fmt.Sprintf("UPDATE %s SET result = 'passed' WHERE id = %s", table, id())
		}
		return fmt.Sprintf("INSERT INTO %s (id, test_id, result, start_time) VALUES (gen_random_uuid(), 'test', 'failed', now())", table)
	}
	return startLoadOf(b, db, read, write)
}

// startLoadOf starts a load of the statements that two functions return for increasing numbers.
func startLoadOf(b *testing.B, db *devdb.Database, read, write func(i int) string) *load {
	b.Helper()
	l := &load{b: b, done: make(chan struct{})}
	for i := range loadReaders + loadWriters {
		conn, err := db.Connect(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		if i < loadReaders {
			l.wait.Go(func() { l.run(conn, read, &l.read) })
		} else {
			l.wait.Go(func() { l.run(conn, write, &l.write) })
		}
	}
	return l
}

func (l *load) run(conn *pgx.Conn, sql func(i int) string, longest *time.Duration) {
	ctx := context.Background()
	defer conn.Close(ctx)
	for i := 0; ; i++ {
		select {
		case <-l.done:
			return
		case <-time.After(loadPause):
		}
		start := time.Now()
		_, err := conn.Exec(ctx, sql(i), pgx.QueryExecModeSimpleProtocol)
		took := time.Since(start)
		l.mu.Lock()
		*longest = max(*longest, took)
		if err != nil && l.err == nil {
			l.err = err
		}
		l.mu.Unlock()
	}
}

// reset forgets the times so far.
func (l *load) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read, l.write = 0, 0
}

// stop returns the longest read and write since reset, including those that waited until now. A failed statement fails
// the benchmark.
func (l *load) stop() (read, write time.Duration) {
	l.b.Helper()
	close(l.done)
	l.wait.Wait()
	if l.err != nil {
		l.b.Errorf("a read or a write failed: %v", l.err)
	}
	return l.read, l.write
}
