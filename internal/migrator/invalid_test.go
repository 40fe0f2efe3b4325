package migrator_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// market has indexes of every kind that a build may leave INVALID, with names that need quoting.
var market = []file{
	{"20240101000000_market.sql", `CREATE SCHEMA "My Shop";
CREATE TABLE "My Shop"."Order" (id int PRIMARY KEY, "select" text, total int);
INSERT INTO "My Shop"."Order" SELECT n, 'order ' || n, n FROM generate_series(1, 1000) n;
CREATE UNIQUE INDEX "Ix.Order" ON "My Shop"."Order" ("select");
`, `DROP TABLE "My Shop"."Order"; DROP SCHEMA "My Shop";`},
	{"20240102000000_more.sql", `-- atlas:txmode none

CREATE INDEX CONCURRENTLY "ix ""total""" ON "My Shop"."Order" ((total / 10)) WHERE total > 0;
`, `-- atlas:txmode none

DROP INDEX CONCURRENTLY "My Shop"."ix ""total""";`},
}

const (
	buildUnique = `CREATE UNIQUE INDEX CONCURRENTLY "Ix.Order" ON "My Shop"."Order" ("select")`
	buildTotal  = `CREATE INDEX CONCURRENTLY "ix ""total""" ON "My Shop"."Order" ((total / 10)) WHERE total > 0`
)

// atMarket returns a database at market's head, and everything that is in it.
func atMarket(t *testing.T) (*bench, string) {
	t.Helper()
	b := setup(t, dir(t, market...))
	b.mustApply(migrator.Options{})
	return b, b.everything()
}

func TestApplyBuildsInvalidIndexesAgain(t *testing.T) {
	t.Run("several", func(t *testing.T) {
		b, head := atMarket(t)
		b.db.Exec(`DROP INDEX "My Shop"."Ix.Order"; DROP INDEX "My Shop"."ix ""total"""`)
		b.db.CutOff(`"My Shop"."Order"`, buildUnique)
		b.db.CutOff(`"My Shop"."Order"`, buildTotal)
		st := b.status()
		if len(st.Invalid) != 2 || st.Invalid[0].Next != migrator.NextBuild || st.Invalid[1].Next != migrator.NextBuild || st.Clean() {
			t.Errorf("the status is %+v", st)
		}
		res := b.mustApply(migrator.Options{})
		if got, want := strings.Join(res.Rebuilt, ", "), `"My Shop"."Ix.Order", "My Shop"."ix ""total"""`; got != want {
			t.Errorf("built again: %s, want %s", got, want)
		}
		b.same(head)
		if n := b.query(`SELECT count(*)::text FROM pg_stats WHERE tablename = 'ix "total"'`); n != "1" {
			t.Error("the expression has no statistics")
		}
	})

	// However the build is interrupted, the next apply finishes it and drops what the first one left.
	for name, cutOff := range map[string]func(b *bench, cancel func()){
		"interrupted, and again": func(_ *bench, cancel func()) { cancel() },
		"terminated, and again":  func(b *bench, _ func()) { b.terminate() },
	} {
		t.Run(name, func(t *testing.T) {
			b, head := atMarket(t)
			b.db.Exec(`DROP INDEX "My Shop"."ix ""total"""`)
			b.db.CutOff(`"My Shop"."Order"`, buildTotal)
			writer := b.session(`BEGIN; UPDATE "My Shop"."Order" SET total = total WHERE id = 1`)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			done := make(chan error, 1)
			go func() {
				_, err := b.m().Apply(ctx, migrator.Options{})
				done <- err
			}()
			for range 500 {
				if b.query("SELECT count(*)::text FROM pg_index WHERE NOT indisvalid") == "2" {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			cutOff(b, cancel)
			if err := <-done; err == nil || ctx.Err() != nil && !errors.Is(err, context.Canceled) {
				t.Fatalf("apply gave %v", err)
			}
			b.end(writer, "ROLLBACK")
			st := b.status()
			if len(st.Invalid) != 2 || st.Invalid[0].Next != migrator.NextBuild || st.Invalid[1].Next != migrator.NextDrop {
				t.Errorf("the status is %+v", st.Invalid)
			}
			b.mustApply(migrator.Options{})
			b.same(head)
		})
	}

	t.Run("what REINDEX left next to a valid one", func(t *testing.T) {
		b, head := atMarket(t)
		b.db.CutOff(`"My Shop"."Order"`, `REINDEX INDEX CONCURRENTLY "My Shop"."Ix.Order"`)
		if st := b.status(); len(st.Invalid) != 1 || st.Invalid[0].Next != migrator.NextDrop {
			t.Errorf("the status is %+v", st.Invalid)
		}
		if res := b.mustApply(migrator.Options{}); len(res.Rebuilt) != 0 {
			t.Errorf("built again: %s", res.Rebuilt)
		}
		b.same(head)
	})

	t.Run("what REINDEX left next to another's", func(t *testing.T) {
		b, _ := atMarket(t)
		b.db.Exec(`CREATE INDEX hot_fix ON "My Shop"."Order" (total)`)
		b.db.CutOff(`"My Shop"."Order"`, `REINDEX INDEX CONCURRENTLY "My Shop".hot_fix`)
		before := b.everything()
		b.mustApply(migrator.Options{})
		b.same(before)
		if st := b.status(); len(st.Invalid) != 1 || st.Invalid[0].Next != migrator.NextKeep {
			t.Errorf("the status is %+v", st.Invalid)
		}
	})

	t.Run("values that are not unique", func(t *testing.T) {
		b, head := atMarket(t)
		b.db.Exec(`DROP INDEX "My Shop"."Ix.Order"`)
		b.db.CutOff(`"My Shop"."Order"`, buildUnique)
		b.db.Exec(`UPDATE "My Shop"."Order" SET "select" = 'order 1' WHERE id = 2`)
		_, err := b.apply(migrator.Options{})
		const want = `the INVALID index "My Shop"."Ix.Order": REINDEX INDEX CONCURRENTLY "My Shop"."Ix.Order": ERROR: could not create unique index "Ix.Order_ccnew" (SQLSTATE 23505); the migrations are applied: fix the cause, then ` + "`apply` again"
		if err == nil || err.Error() != want {
			t.Errorf("apply gave\n%v\nwant\n%s", err, want)
		}
		b.db.Exec(`UPDATE "My Shop"."Order" SET "select" = 'order 2' WHERE id = 2`)
		b.mustApply(migrator.Options{})
		b.same(head)
	})

	t.Run("while another builds it", func(t *testing.T) {
		b, head := atMarket(t)
		b.db.Exec(`DROP INDEX "My Shop"."ix ""total"""`)
		writer := b.session(`BEGIN; UPDATE "My Shop"."Order" SET total = total WHERE id = 1`)
		dba := b.session("SELECT 1")
		built := make(chan struct{})
		go func() {
			b.end(dba, buildTotal)
			close(built)
		}()
		for range 500 {
			if b.query("SELECT count(*)::text FROM pg_index WHERE NOT indisvalid") == "1" {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if res := b.mustApply(migrator.Options{}); len(res.Rebuilt) != 0 {
			t.Errorf("built again: %s", res.Rebuilt)
		}
		b.end(writer, "ROLLBACK")
		<-built
		b.same(head)
	})

	t.Run("only as far as it goes", func(t *testing.T) {
		b := setup(t, dir(t, market...))
		b.mustApply(migrator.Options{N: 1})
		first := b.everything()
		b.db.CutOff(`"My Shop"."Order"`, buildTotal)
		if st := b.status(); len(st.Invalid) != 1 || st.Invalid[0].Next != migrator.NextBuild {
			t.Errorf("the status is %+v", st.Invalid)
		}
		if res := b.mustApply(migrator.Options{To: "20240101000000"}); len(res.Rebuilt) != 0 {
			t.Errorf("built again: %s", res.Rebuilt)
		}
		b.mustApply(migrator.Options{})
		if _, err := b.down(migrator.Options{}); err != nil {
			t.Fatal(err)
		}
		b.same(first)
	})

	t.Run("reverted instead", func(t *testing.T) {
		b := setup(t, dir(t, market...))
		b.mustApply(migrator.Options{N: 1})
		first := b.everything()
		b.mustApply(migrator.Options{})
		b.db.Exec(`DROP INDEX "My Shop"."ix ""total"""`)
		b.db.CutOff(`"My Shop"."Order"`, buildTotal)
		if _, err := b.down(migrator.Options{}); err != nil {
			t.Fatal(err)
		}
		b.same(first)
	})
}

// A migration's settings don't affect the rebuilds after it.
func TestApplyBuildsInvalidIndexesAgainAfterAFile(t *testing.T) {
	more := append(append([]file{}, market...), file{"20240103000000_odd.sql", `-- atlas:txmode none

SET search_path = pg_catalog;
SET lock_timeout = '1ms';
SET default_transaction_read_only = on;
`, "SELECT 1;"})
	b := setup(t, dir(t, more...))
	b.mustApply(migrator.Options{N: 2})
	b.db.Exec(`DROP INDEX "My Shop"."ix ""total"""`)
	b.db.CutOff(`"My Shop"."Order"`, buildTotal)
	if res := b.mustApply(migrator.Options{}); len(res.Ran) != 1 || len(res.Rebuilt) != 1 {
		t.Errorf("apply gave %+v", res)
	}
	if n := b.query("SELECT count(*)::text FROM pg_index WHERE NOT indisvalid"); n != "0" {
		t.Errorf("%s indexes are INVALID", n)
	}
}
