package migrator_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// freeing are the ways in which a migration frees the lock under which it runs.
var freeing = map[string]string{
	"all":     "SELECT pg_advisory_unlock_all();\n",
	"one":     "SELECT pg_advisory_unlock(classid::int8 << 32 | objid::int8) FROM pg_locks, generate_series(1, 9) WHERE locktype = 'advisory' AND pid = pg_backend_pid();\n",
	"DISCARD": "DISCARD ALL;\n",
	"DO":      "-- repeatable it only unlocks\nDO $$BEGIN PERFORM pg_advisory_unlock_all(); END$$;\n",
}

// pause is a statement that waits until there is an order, but only on a database with a record.
var pause = "-- repeatable it only waits\n" + live(`DO $$BEGIN
	FOR i IN 1..2000 LOOP
		EXIT WHEN EXISTS (SELECT FROM public.orders);
		PERFORM pg_sleep(0.01);
	END LOOP;
END$$`)

const start = "INSERT INTO orders (id) VALUES (1)"

// begun waits until the file of the version has begun.
func (b *bench) begun(version string) {
	for range 3000 {
		if b.query("SELECT count(*)::text FROM atlas_schema_revisions WHERE version = '"+version+"'") == "1" {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	b.Errorf("%s has not begun", version)
}

// If another session takes the lock after a migration freed it, the migration stops before it records or runs anything
// more.
func TestLockFreedAndTaken(t *testing.T) {
	for name, sql := range freeing {
		t.Run(name, func(t *testing.T) {
			b := setup(t, dir(t, shop[0], file{"20240102000000_free.sql", "-- atlas:txmode none\n\n" + pause + sql + "SELECT pg_sleep(0.1);\nCREATE TABLE after (id int);\n", ""}))
			b.mustApply(migrator.Options{N: 1})
			// The Atlas CLI takes this lock and no other.
			taken := make(chan struct{})
			other := b.session("SELECT 1")
			go func() {
				defer close(taken)
				b.begun("20240102000000")
				go func() {
					for b.query("SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == "0" {
						time.Sleep(2 * time.Millisecond)
					}
					b.db.Exec(start)
				}()
				b.end(other, "SELECT pg_advisory_lock(2686470616)")
			}()
			_, err := b.apply(migrator.Options{})
			<-taken
			var lost *migrator.LostLockError
			if !errors.As(err, &lost) || lost.Holder.PID == 0 {
				t.Fatalf("error: %v", err)
			}
			if got := b.query("SELECT (to_regclass('after') IS NULL)::text"); got != "true" {
				t.Errorf("the next statement ran")
			}
		})
	}
}

// Two processes of this tool exclude each other even while a statement runs that has freed the lock.
func TestLockFreedWithinAStatement(t *testing.T) {
	b := setup(t, dir(t, shop[0], file{"20240102000000_free.sql", `-- atlas:txmode none

-- repeatable it adds what is missing
DO $$BEGIN
    PERFORM pg_advisory_unlock_all();
    INSERT INTO orders (id) SELECT coalesce(max(id), 0) + 1 FROM orders;
    COMMIT;
    PERFORM pg_sleep(0.7);
END$$;
CREATE TABLE after (id int);
`, ""}))
	b.mustApply(migrator.Options{N: 1})
	var wg sync.WaitGroup
	var applied [2]int
	for i := range applied {
		wg.Go(func() {
			time.Sleep(time.Duration(i) * 200 * time.Millisecond)
			res, err := b.apply(migrator.Options{})
			if err != nil {
				t.Errorf("%d: %v", i, err)
				return
			}
			applied[i] = len(res.Ran)
		})
	}
	wg.Wait()
	if applied != [2]int{1, 0} {
		t.Errorf("applied %d files", applied)
	}
	if n := b.query("SELECT count(*)::text FROM orders"); n != "1" {
		t.Errorf("it ran %s times", n)
	}
	if waits := logged[migrator.LogWait](b.log); len(waits) == 0 || !strings.Contains(waits[0].Holder.Application, "observer") {
		t.Errorf("waited for %v", waits)
	}
}

// If another session changes the journal's row in the middle of a file, that isn't overwritten.
func TestJournalChangedMeanwhile(t *testing.T) {
	b := setup(t, dir(t, shop[0], file{"20240102000000_slow.sql", "-- atlas:txmode none\n\n" + pause + "CREATE TABLE after (id int);\n", ""}))
	b.mustApply(migrator.Options{N: 1})
	go func() {
		b.begun("20240102000000")
		b.db.Exec("UPDATE atlas_schema_revisions SET error = 'theirs' WHERE version = '20240102000000';" + start)
	}()
	_, err := b.apply(migrator.Options{})
	var conflict *revision.RowConflictError
	if !errors.As(err, &conflict) || conflict.Version != "20240102000000" {
		t.Fatalf("error: %v", err)
	}
	if got := b.query("SELECT applied || error FROM atlas_schema_revisions WHERE version = '20240102000000'"); got != "0theirs" {
		t.Errorf("the row holds %s", got)
	}
	if got := b.query("SELECT (to_regclass('after') IS NULL)::text"); got != "true" {
		t.Errorf("the next statement ran")
	}
}
