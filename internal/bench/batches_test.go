package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/history"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
)

// BenchmarkBatches updates all rows of a table: by apply in batches, as one UPDATE, by a DO block in batches of 5,000
// rows as people write it, and by the batches of apply with that size, with and without their notes. rows/s is without
// other sessions; wait-max-ms, of the first three with a million rows, is the longest wait of eight connections that
// read and write single rows meanwhile. The sizes are 10^5, 10^6 and 10^7 rows, or those in BENCH_BATCH_ROWS, separated
// by commas.
//
// Each is done once, whatever -benchtime says, on a throwaway server without fsync.
func BenchmarkBatches(b *testing.B) {
	sizes := []int{100_000, 1_000_000, 10_000_000}
	if s := os.Getenv("BENCH_BATCH_ROWS"); s != "" {
		sizes = nil
		for _, f := range strings.Split(s, ",") {
			n, err := strconv.Atoi(f)
			if err != nil || n < 1 {
				b.Fatalf("BENCH_BATCH_ROWS=%s: %s isn't a number of rows", s, f)
			}
			sizes = append(sizes, n)
		}
	}
	server := throwaway(b)
	for _, key := range []struct{ name, id string }{{"ordered", "%s::bigint"}, {"uuid", "md5(%s::text)::uuid"}} {
		for _, rows := range sizes {
			w := newBatchWork(b, server, key.id, rows)
			for _, way := range []struct {
				name string
				run  func(*testing.B, *devdb.Database) error
				load bool // whether to run it with a load, too
			}{
				{"apply", func(b *testing.B, db *devdb.Database) error { return apply(b.Context(), db, w.dir(b, "")) }, true},
				{"one-update", w.exec(batchUpdate), true},
				{"do-block", w.exec(batchLoop), true},
				{"apply-5000", func(b *testing.B, db *devdb.Database) error { return apply(b.Context(), db, w.dir(b, "size 5000")) }, false},
				{"no-note-5000", w.withoutNotes, false},
			} {
				var perSecond float64
				var wait time.Duration
				b.Run(fmt.Sprintf("%s/%d/%s", key.name, rows, way.name), func(b *testing.B) {
					if perSecond == 0 {
						perSecond = float64(rows) / w.measure(b, way.run, nil).Seconds()
						if way.load && rows == 1_000_000 {
							w.measure(b, way.run, &wait)
						}
					}
					b.ReportMetric(0, "ns/op")
					b.ReportMetric(perSecond, "rows/s")
					if wait > 0 {
						b.ReportMetric(float64(wait.Microseconds())/1000, "wait-max-ms")
					}
				})
			}
			w.drop(b)
		}
	}
}

const (
	batchUpdate = "UPDATE work SET n = n + 1"
	// batchLoop is a loop by hand, along the key.
	batchLoop = `DO $$
DECLARE
  last work.id%TYPE;
  next work.id%TYPE;
BEGIN
  SELECT id INTO last FROM work ORDER BY id LIMIT 1;
  LOOP
    SELECT id INTO next FROM work WHERE id >= last ORDER BY id OFFSET 5000 LIMIT 1;
    EXIT WHEN NOT FOUND;
    UPDATE work SET n = n + 1 WHERE id >= last AND id < next;
    COMMIT;
    last := next;
  END LOOP;
  UPDATE work SET n = n + 1 WHERE id >= last;
END $$`
	batchDirective = "-- migrate:batch work %s\n" + batchUpdate + " WHERE /* batch */ true"
)

// batchWork is a filled table.
type batchWork struct {
	server *devdb.Server
	filled *devdb.Database
	id     string // the format of the key of a row with a number
	rows   int
}

func newBatchWork(b *testing.B, server *devdb.Server, id string, rows int) *batchWork {
	b.Helper()
	ctx := context.Background()
	w := &batchWork{server: server, id: id, rows: rows}
	var err error
	if w.filled, err = server.Create(ctx); err != nil {
		b.Fatal(err)
	}
	m := migrator.New(migrator.Config{ConnConfig: w.filled.ConnConfig(), Dir: w.dir(b, "")})
	if _, err := m.Apply(ctx, migrator.Options{N: 1}); err != nil {
		b.Fatal(err)
	}
	fill := fmt.Sprintf("INSERT INTO work SELECT %s, 0, repeat('x', 100) FROM generate_series(1, %d) g", fmt.Sprintf(id, "g"), rows)
	for _, sql := range []string{fill, "VACUUM ANALYZE work"} {
		if err := w.exec(sql)(b, w.filled); err != nil {
			b.Fatal(err)
		}
	}
	return w
}

func (w *batchWork) drop(b *testing.B) {
	if err := w.filled.Drop(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// dir returns a directory with the batch, which has options.
func (w *batchWork) dir(b *testing.B, options string) *migration.Dir {
	b.Helper()
	root := filepath.Join(b.TempDir(), "migrations")
	name := "20260101000000_work.sql"
	for _, folder := range []string{root, filepath.Join(root, "down")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			b.Fatal(err)
		}
	}
	typ := "bigint"
	if strings.Contains(w.id, "uuid") {
		typ = "uuid"
	}
	write(b, root, name, "CREATE TABLE work (id "+typ+" PRIMARY KEY, n int, note text);\n")
	fill := "20260102000000_fill.sql"
	write(b, root, fill, "-- atlas:txmode none\n\n"+fmt.Sprintf(batchDirective, options)+";\n")
	for _, n := range []string{name, fill} {
		write(b, root, "down/"+n, "-- alembic:down none it is a benchmark\n\n")
	}
	if err := history.Rehash(b.Context(), proof.Base{Server: w.server, Dir: readDir(b, root)}, root); err != nil {
		b.Fatal(err)
	}
	return readDir(b, root)
}

// exec runs SQL.
func (w *batchWork) exec(sql string) func(*testing.B, *devdb.Database) error {
	return func(b *testing.B, db *devdb.Database) error {
		conn, err := db.Connect(b.Context())
		if err != nil {
			return err
		}
		defer conn.Close(context.Background())
		_, err = conn.Exec(b.Context(), sql, pgx.QueryExecModeSimpleProtocol)
		return err
	}
}

// withoutNotes runs the same batches without keeping where they are.
func (w *batchWork) withoutNotes(b *testing.B, db *devdb.Database) error {
	ctx := b.Context()
	stmts, err := pgsql.Split(fmt.Sprintf(batchDirective, ""))
	if err != nil {
		return err
	}
	of, err := batch.Of(stmts[0])
	if err != nil {
		return err
	}
	conn, err := db.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	walk, err := of.Resolve(ctx, conn)
	if err != nil {
		return err
	}
	var note batch.Note
	for ended := false; !ended; {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			step, err := walk.Next(ctx, tx, note, 5000)
			if ended = step.SQL == ""; err != nil || ended {
				return err
			}
			tag, err := tx.Exec(ctx, step.SQL, pgx.QueryExecModeSimpleProtocol)
			note = step.Ran(tag.RowsAffected())
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// measure runs the change on a copy of the table, and checks that each row was changed once. If wait isn't nil it does
// so under a load, and sets wait to the longest wait.
func (w *batchWork) measure(b *testing.B, run func(*testing.B, *devdb.Database) error, wait *time.Duration) time.Duration {
	b.Helper()
	ctx := context.Background()
	db, err := w.server.Clone(ctx, w.filled)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Drop(ctx)
	var l *load
	if wait != nil {
		id := func() string { return fmt.Sprintf(w.id, strconv.Itoa(1+rand.IntN(w.rows))) }
		l = startLoadOf(b, db,
			func(int) string { return "SELECT n FROM work WHERE id = " + id() },
			func(int) string { return "UPDATE work SET note = 'y' WHERE id = " + id() })
		time.Sleep(500 * time.Millisecond)
		l.reset()
	}
	start := time.Now()
	if err := run(b, db); err != nil {
		b.Fatal(err)
	}
	took := time.Since(start)
	if l != nil {
		read, write := l.stop()
		*wait = max(read, write)
	}
	conn, err := db.Connect(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(ctx)
	var wrong int
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM work WHERE n <> 1").Scan(&wrong); err != nil {
		b.Fatal(err)
	}
	if wrong > 0 {
		b.Errorf("%d of %d rows were not changed once", wrong, w.rows)
	}
	return took
}
