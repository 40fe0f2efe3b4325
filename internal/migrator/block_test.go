package migrator_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// blocks has statements that can't run twice, between BEGIN and COMMIT and around them.
var blocks = file{"20240102000000_blocks.sql", `-- atlas:txmode none

ALTER TABLE orders ADD COLUMN total int NOT NULL DEFAULT 0;
BEGIN;
SET LOCAL lock_timeout = '1s';
UPDATE orders SET total = total + 1;
LOCK TABLE items;
ALTER TABLE items ADD COLUMN price int;
COMMIT;
CREATE INDEX CONCURRENTLY ix_orders_total ON orders (total);
BEGIN TRANSACTION;
UPDATE orders SET total = total + 1;
ALTER TABLE items ADD COLUMN tax int;
COMMIT WORK;
`, `-- atlas:txmode none

DROP INDEX CONCURRENTLY ix_orders_total;
BEGIN;
UPDATE orders SET total = total - 2;
ALTER TABLE items DROP COLUMN tax, DROP COLUMN price;
COMMIT;
ALTER TABLE orders DROP COLUMN total;
`}

// atBlocks returns a bench before the blocks, with a row.
func atBlocks(t *testing.T, after ...file) *bench {
	b := setup(t, dir(t, append([]file{shop[0], blocks}, after...)...))
	b.mustApply(migrator.Options{N: 1})
	b.db.Exec("INSERT INTO orders VALUES (1, 'a')")
	return b
}

// done returns how many statements of the blocks the journal counts, and what they did.
func (b *bench) done() string {
	return b.query("SELECT applied || '/' || total || ' ' || (SELECT COALESCE(string_agg(attname, ' ' ORDER BY attname), '') FROM pg_attribute WHERE attrelid IN ('orders'::regclass, 'items'::regclass) AND attname IN ('total', 'price', 'tax')) FROM atlas_schema_revisions WHERE version = '20240102000000'")
}

func TestBlocks(t *testing.T) {
	whole := atBlocks(t)
	start := whole.everything()
	res := whole.mustApply(migrator.Options{})
	head := whole.everything()
	if n := len(res.Ran[0].Applied); n != 12 {
		t.Errorf("%d statements were applied", n)
	}
	if got := whole.query("SELECT total::text FROM orders") + " " + whole.done(); got != "2 12/12 price tax total" {
		t.Errorf("total and what was done: %s", got)
	}
	if _, err := whole.down(migrator.Options{Yes: true}); err != nil {
		t.Fatal(err)
	}
	whole.same(start)

	// Killed at each statement, in both directions.
	for n := 1; n <= 8; n++ {
		if !sampled(n) {
			continue
		}
		b := atBlocks(t)
		up := func(ctx context.Context) error {
			_, err := b.m().Apply(ctx, migrator.Options{})
			return err
		}
		if !b.interrupted(n, false, n%2 == 0, up) {
			t.Fatalf("there is no statement %d", n)
		}
		b.truthful()
		want := []string{"0/12 ", "1/12 total", "1/12 total", "1/12 total", "1/12 total", "7/12 price total", "8/12 price total", "8/12 price total"}[n-1]
		if got := b.done(); got != want {
			t.Errorf("stopped at statement %d, %q were done, want %q", n, got, want)
		}
		b.mustApply(migrator.Options{})
		b.same(head)
		down := func(ctx context.Context) error {
			_, err := b.m().Down(ctx, migrator.Options{Yes: true})
			return err
		}
		if b.interrupted(n, false, n%2 == 1, down) {
			b.truthful()
			if err := down(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		b.same(start)
	}
}

// A script of the whole file, and one of what is left of it.
func TestScriptOfBlocks(t *testing.T) {
	whole := atBlocks(t)
	start := whole.everything()
	whole.mustApply(migrator.Options{})
	head := whole.everything()
	for n := 1; n <= 7; n += 3 {
		b := atBlocks(t)
		if n > 1 {
			b.interrupted(n, false, true, func(ctx context.Context) error {
				_, err := b.m().Apply(ctx, migrator.Options{})
				return err
			})
		}
		res := b.mustApply(migrator.Options{DryRun: true})
		if out, err := b.psql(res.Script); err != nil {
			t.Fatalf("psql said %s", out)
		}
		b.same(head)
		back, err := b.down(migrator.Options{DryRun: true})
		if err != nil {
			t.Fatal(err)
		}
		if out, err := b.psql(back.Script); err != nil {
			t.Fatalf("psql said %s", out)
		}
		b.same(start)
	}
}

func TestFailingBlock(t *testing.T) {
	for _, tt := range []struct{ name, sql, err string }{
		{
			"statement", "UPDATE orders SET total = 7;\nALTER TABLE items\n  ADD COLUMN a nope;",
			`20240102000000_blocks.sql:7:16: type "nope" does not exist (SQLSTATE 42704); statement 4 of 5: ALTER TABLE items ADD COLUMN a nope; 1 of the file's 5 statements have run and were committed, and the transaction of statements 2 to 5 was rolled back: fix the cause, then ` + "`apply` continues with statement 2",
		},
		{
			"block that commits", "UPDATE orders SET total = 7;\nDO $$BEGIN COMMIT; END$$;",
			`20240102000000_blocks.sql:6:1: invalid transaction termination (SQLSTATE 2D000); statement 4 of 5: DO $$BEGIN COMMIT; END$$; 1 of the file's 5 statements have run and were committed, and the transaction of statements 2 to 5 was rolled back: fix the cause, then ` + "`apply` continues with statement 2",
		},
		{
			"commit", "ALTER TABLE items ADD FOREIGN KEY (id) REFERENCES orders DEFERRABLE INITIALLY DEFERRED;\nINSERT INTO items VALUES (77);",
			`running 20240102000000_blocks.sql, statements 2 to 5 of 5: committing: ERROR: insert or update on table "items" violates foreign key constraint "items_id_fkey" (SQLSTATE 23503)`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := setup(t, read(t, write(t, []file{shop[0], {blocks.name, "-- atlas:txmode none\n\nALTER TABLE orders ADD COLUMN total int NOT NULL DEFAULT 0;\nBEGIN;\n" + tt.sql + "\nCOMMIT;\n", ""}})))
			b.mustApply(migrator.Options{N: 1})
			b.db.Exec("INSERT INTO orders VALUES (1, 'a')")
			for range 2 {
				_, err := b.apply(migrator.Options{})
				if err == nil || err.Error() != tt.err {
					t.Errorf("apply gave\n%v\nwant\n%s", err, tt.err)
				}
				if got := b.query("SELECT total::text FROM orders") + " " + b.done(); got != "0 1/5 total" {
					t.Errorf("total and what was done: %s", got)
				}
			}
		})
	}
}

// A unit that doesn't get a lock in time is tried again as a whole.
func TestBlockedBlock(t *testing.T) {
	b := atBlocks(t)
	b.cfg.LockTimeout = 50 * time.Millisecond
	reader := b.session("BEGIN; SELECT * FROM items")
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		time.Sleep(300 * time.Millisecond)
		b.end(reader, "COMMIT")
	})
	b.mustApply(migrator.Options{})
	if len(logged[migrator.LogRetry](b.log)) == 0 {
		t.Error("it was not tried again")
	}
	if got := b.query("SELECT total::text FROM orders"); got != "2" {
		t.Errorf("the updates ran %s times", got)
	}
}

// A setting of the session outlives the transaction in which it was set, also when a later run continues.
func TestSettingsOfABlock(t *testing.T) {
	b := setup(t, dir(t, file{"1_a.sql", `-- atlas:txmode none

BEGIN;
CREATE SCHEMA app;
SET search_path = app;
SET LOCAL work_mem = '1MB';
CREATE TABLE here (id int);
COMMIT;
CREATE TABLE too_here (id int);
CREATE INDEX CONCURRENTLY ix_here ON here (id);
`, ""}))
	b.interrupted(6, false, false, func(ctx context.Context) error {
		_, err := b.m().Apply(ctx, migrator.Options{})
		return err
	})
	if st := b.status(); st.Done != 7 {
		t.Errorf("the status is %+v", st)
	}
	b.log.entries = nil
	b.mustApply(migrator.Options{})
	if got := b.query("SELECT string_agg(relnamespace::regnamespace || '.' || relname, ',' ORDER BY relname) FROM pg_class WHERE relname LIKE '%here'"); got != "app.here,app.ix_here,app.too_here" {
		t.Errorf("the objects are %s", got)
	}
	if got := logged[migrator.LogNotice](b.log); len(got) > 0 {
		t.Errorf("the server said %v", got)
	}
}

// Another tool may have counted statements of a transaction that was rolled back.
func TestCountInTheMiddleOfABlock(t *testing.T) {
	b := atBlocks(t)
	b.interrupted(3, false, true, func(ctx context.Context) error {
		_, err := b.m().Apply(ctx, migrator.Options{})
		return err
	})
	b.db.Exec("UPDATE atlas_schema_revisions SET applied = 4 WHERE version = '20240102000000'")
	before := b.everything()
	_, err := b.apply(migrator.Options{})
	const want = "the journal says that 4 of the 12 statements of 20240102000000_blocks.sql have run, but those from line 4 to line 9 are one transaction, of which all or none have run: another tool wrote its row; check the database, then `stamp -to=20240101000000` or `stamp -to=20240102000000`"
	var problem *revision.Problem
	if !errors.As(err, &problem) || problem.Kind != revision.Malformed || strings.ReplaceAll(problem.Text, "aaa111", "20240101000000") != want {
		t.Errorf("apply gave\n%v\nwant\n%s", err, want)
	}
	b.same(before)
	if n := len(b.status().Problems); n != 1 {
		t.Errorf("status has %d problems", n)
	}

	// In a down file, the mark counts as one of the statements.
	b.db.Exec("UPDATE atlas_schema_revisions SET applied = 1 WHERE version = '20240102000000'")
	b.mustApply(migrator.Options{})
	b.interrupted(3, false, true, func(ctx context.Context) error {
		_, err := b.m().Down(ctx, migrator.Options{Yes: true})
		return err
	})
	b.db.Exec("UPDATE atlas_schema_revisions SET applied = 1 + 3 WHERE version = '20240102000000'")
	before = b.everything()
	_, err = b.down(migrator.Options{Yes: true})
	if want := "the journal says that 3 of the 6 statements of down/20240102000000_blocks.sql have run, but those from line 4 to line 7 are one transaction, "; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("down gave\n%v\nwant\n%s", err, want)
	}
	b.same(before)
}
