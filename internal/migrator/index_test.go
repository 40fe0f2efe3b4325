package migrator_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// building starts an apply and returns when its concurrent build waits for the
// writer that is open in another session. The function it returns waits for
// the apply's end.
func (b *bench) building(ctx context.Context, index string) func() error {
	b.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := b.m().Apply(ctx, migrator.Options{})
		done <- err
	}()
	for range 200 {
		if b.query("SELECT count(*)::text FROM pg_class WHERE relname = '"+index+"'") == "1" {
			return func() error { return <-done }
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.Fatalf("nobody builds %s", index)
	return nil
}

func TestInvalidIndex(t *testing.T) {
	d := dir(t, shop...)
	undisturbed := setup(t, d)
	undisturbed.mustApply(migrator.Options{})
	head := undisturbed.everything()
	const writer = "BEGIN; UPDATE orders SET note = note"

	t.Run("ours is rebuilt", func(t *testing.T) {
		b := setup(t, d)
		b.mustApply(migrator.Options{N: 3})
		other := b.session(writer)
		ctx, cancel := context.WithCancel(context.Background())
		wait := b.building(ctx, "ix_orders_total")
		start := time.Now()
		cancel()
		if err := wait(); !errors.Is(err, context.Canceled) {
			t.Fatalf("apply gave %v", err)
		}
		if d := time.Since(start); d > time.Second {
			t.Errorf("the interruption took %s", d)
		}
		st := b.status()
		if st.Partial == nil || st.Done != 0 || st.Clean() || len(st.Invalid) != 1 || st.Invalid[0].Name != "public.ix_orders_total" || st.Invalid[0].Table != "public.orders" || st.Invalid[0].Next != migrator.NextBuild {
			t.Errorf("the status is %+v", st)
		}
		b.end(other, "ROLLBACK")
		b.mustApply(migrator.Options{})
		b.same(head)
		if n := len(logged[migrator.LogRebuild](b.log)); n != 1 {
			t.Errorf("%d rebuilds were logged", n)
		}
	})

	t.Run("another's is waited for", func(t *testing.T) {
		b := setup(t, d)
		b.mustApply(migrator.Options{N: 3})
		other := b.session(writer)
		dba := b.session("SELECT 1")
		built := make(chan struct{})
		go func() {
			b.end(dba, "CREATE INDEX CONCURRENTLY ix_orders_total ON public.orders USING btree (total)")
			close(built)
		}()
		wait := b.building(context.Background(), "ix_orders_total")
		time.Sleep(300 * time.Millisecond)
		if st := b.status(); len(st.Invalid) != 1 || st.Invalid[0].Building != int(dba.PgConn().PID()) {
			t.Errorf("the status is %+v", st)
		}
		b.end(other, "ROLLBACK")
		<-built
		if err := wait(); err != nil {
			t.Fatal(err)
		}
		b.same(head)
		if n := len(logged[migrator.LogBuilding](b.log)); n == 0 {
			t.Error("nobody said that we wait")
		}
	})

	t.Run("another's with another definition is left alone", func(t *testing.T) {
		b := setup(t, d)
		b.mustApply(migrator.Options{N: 3})
		other := b.session(writer)
		dba := b.session("SET statement_timeout = '300ms'")
		_, err := dba.Exec(context.Background(), "CREATE UNIQUE INDEX CONCURRENTLY ix_orders_total ON orders (total)")
		if err == nil {
			t.Fatal("the build was not interrupted")
		}
		b.end(other, "ROLLBACK")
		if _, err = b.apply(migrator.Options{}); !errors.As(err, new(*migrator.DriftError)) {
			t.Errorf("apply gave %v", err)
		}
		_, err = b.apply(migrator.Options{Drifted: true})
		want := "20240104000000_index.sql:4:1: the index public.ix_orders_total exists, is INVALID and has another definition (... USING btree (total)), so it isn't left by this migration: drop it, or rename one of the two; " +
			"statement 1 of 3: CREATE INDEX CONCURRENTLY ix_orders_total ON orders (total); 0 of the file's 3 statements have run and were committed: fix the cause, then `apply` continues with statement 1, or `down` reverts the file"
		if err == nil || err.Error() != want {
			t.Errorf("apply gave\n%v\nwant\n%s", err, want)
		}
		if got := b.query("SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'ix_orders_total'::regclass"); got != "false" {
			t.Errorf("the index's validity is %s", got)
		}
		b.end(dba, "SET statement_timeout = 0")
		b.end(dba, "DROP INDEX CONCURRENTLY ix_orders_total")
		b.mustApply(migrator.Options{})
		b.same(head)
	})

	t.Run("built and not recorded", func(t *testing.T) {
		b := setup(t, d)
		b.mustApply(migrator.Options{N: 3})
		b.log.hook = func(e migrator.LogEntry) {
			if e, ok := e.(migrator.LogStmtDone); ok && e.N == 1 && !e.Known {
				b.terminate()
			}
		}
		if _, err := b.apply(migrator.Options{}); err == nil {
			t.Fatal("nothing failed")
		}
		b.log.hook = nil
		if st := b.status(); st.Partial == nil || st.Done != 0 {
			t.Errorf("the status is %+v", st)
		}
		b.mustApply(migrator.Options{})
		b.same(head)
		known := false
		for _, e := range logged[migrator.LogStmtDone](b.log) {
			known = known || e.Known
		}
		if !known {
			t.Error("the index was built again")
		}
	})

	t.Run("a drop that was interrupted is repeated", func(t *testing.T) {
		b := setup(t, d)
		b.mustApply(migrator.Options{})
		other := b.session(writer)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() {
			_, err := b.m().Down(ctx, migrator.Options{N: 1, Yes: true})
			done <- err
		}()
		// The file first drops the index of items; the drop of the index of orders waits for the writer.
		for range 200 {
			if b.query("SELECT count(*)::text FROM pg_index WHERE NOT indisvalid AND indexrelid = to_regclass('ix_orders_total')") == "1" {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Fatalf("down gave %v", err)
		}
		st := b.status()
		if !st.Reverting || st.Done != 2 || len(st.Invalid) != 1 || st.Invalid[0].Name != "public.ix_orders_total" || st.Clean() {
			t.Errorf("the status is %+v", st)
		}
		b.end(other, "ROLLBACK")
		if _, err := b.down(migrator.Options{}); err != nil {
			t.Fatal(err)
		}
		if n := b.query("SELECT count(*)::text FROM pg_class WHERE relname LIKE 'ix%'"); n != "0" {
			t.Errorf("%s indexes are left", n)
		}
		b.mustApply(migrator.Options{})
		b.same(head)
	})

	t.Run("a foreign one is shown and never touched", func(t *testing.T) {
		b := setup(t, d)
		b.mustApply(migrator.Options{N: 3})
		other := b.session(writer)
		dba := b.session("SET statement_timeout = '300ms'")
		if _, err := dba.Exec(context.Background(), "CREATE INDEX CONCURRENTLY hot_fix ON orders (note)"); err == nil {
			t.Fatal("the build was not interrupted")
		}
		b.end(other, "ROLLBACK")
		b.mustApply(migrator.Options{})
		if st := b.status(); len(st.Invalid) != 1 || st.Invalid[0].Name != "public.hot_fix" || st.Invalid[0].Next != migrator.NextKeep || st.Clean() {
			t.Errorf("the status is %+v", st)
		}
	})
}

// Another session's temporary tables aren't part of the database's schema.
func TestInvalidTemporaryIndex(t *testing.T) {
	b := setup(t, dir(t, shop...))
	b.mustApply(migrator.Options{})
	other := b.session("CREATE TEMP TABLE p (a int) PARTITION BY LIST (a); CREATE TEMP TABLE p1 PARTITION OF p DEFAULT; CREATE INDEX i ON ONLY p (a)")
	if st := b.status(); len(st.Invalid) > 0 {
		t.Errorf("INVALID: %+v", st.Invalid)
	}
	b.end(other, "DISCARD TEMP")
}
