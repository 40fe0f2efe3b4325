package migrator_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// A file whose first statement failed can be reverted, with the index that the statement left.
func TestDownOfUnbegun(t *testing.T) {
	const version = "20240105000000"
	unique := func(first string) []file {
		return append(slices.Clone(shop), file{version + "_unique.sql", "-- atlas:txmode none\n\n" + first + ";\nCREATE INDEX CONCURRENTLY by_note ON orders (note);\n",
			"-- atlas:txmode none\n\nDROP INDEX CONCURRENTLY by_note;\nDROP INDEX CONCURRENTLY \"U\";\n"})
	}
	d := dir(t, unique(`CREATE UNIQUE INDEX CONCURRENTLY "U" ON orders (note)`)...)
	stopped := func(t *testing.T) (b *bench, before string) {
		b = setup(t, d)
		b.mustApply(migrator.Options{N: len(shop)})
		b.db.Exec("UPDATE orders SET note = 'same'")
		before = b.everything()
		if _, err := b.apply(migrator.Options{}); err == nil || !strings.HasSuffix(err.Error(), "then `apply` continues with statement 1, or `down` reverts the file") {
			t.Fatalf("the error is %v", err)
		}
		if st := b.status(); !st.Unbegun || st.Done != 0 || len(st.Invalid) != 1 {
			t.Fatalf("the status is %+v", st)
		}
		return b, before
	}

	t.Run("alone", func(t *testing.T) {
		b, before := stopped(t)
		res, err := b.down(migrator.Options{})
		if err != nil || len(res.Ran) != 1 || res.Target != shop[3].name[:14] || res.Revision != b.alembic() {
			t.Errorf("down gave %+v, %v", res, err)
		}
		b.same(before)
		b.db.Exec("UPDATE orders SET note = id")
		b.mustApply(migrator.Options{})
	})

	t.Run("with the file before it", func(t *testing.T) {
		b, _ := stopped(t)
		res, err := b.down(migrator.Options{N: 2, Yes: true})
		if err != nil || len(res.Ran) != 2 || res.Target != shop[2].name[:14] {
			t.Errorf("down gave %+v, %v", res, err)
		}
		if st := b.status(); st.Index != 2 || !st.Clean() {
			t.Errorf("the status is %+v", st)
		}
	})

	t.Run("by a script", func(t *testing.T) {
		b, before := stopped(t)
		res, err := b.down(migrator.Options{DryRun: true})
		if err != nil {
			t.Fatal(err)
		}
		if out, err := b.psql(res.Script); err != nil {
			t.Fatalf("%v: %s\n%s", err, out, res.Script)
		}
		b.same(before)
	})

	for _, effect := range []string{"with", "without"} {
		t.Run("after the statement has run, "+effect+" an effect file", func(t *testing.T) {
			d := d
			if effect == "without" {
				root := roots[dir(t, unique(`CREATE UNIQUE INDEX CONCURRENTLY "U" ON orders (note)`)...)]
				if err := os.Remove(filepath.Join(root, "effect", version+"_unique.txt")); err != nil {
					t.Fatal(err)
				}
				d = read(t, root)
			}
			b := setup(t, d)
			b.mustApply(migrator.Options{N: len(shop)})
			b.log.hook = func(e migrator.LogEntry) {
				if e, ok := e.(migrator.LogStmtDone); ok && e.N == 1 {
					b.terminate()
				}
			}
			if _, err := b.apply(migrator.Options{}); err == nil {
				t.Fatal("nothing failed")
			}
			b.log.hook = nil
			before := b.everything()
			if _, err := b.down(migrator.Options{}); !errors.As(err, new(*migrator.DriftError)) || !strings.Contains(err.Error(), `index public.orders."U" is extra`) {
				t.Errorf("down gave %v", err)
			}
			b.same(before)
			b.mustApply(migrator.Options{})
		})
	}

	t.Run("after a statement that commits on its own", func(t *testing.T) {
		b := setup(t, dir(t, unique("DO $$BEGIN COMMIT; PERFORM 1/(length(note) - 4) FROM orders; END$$")...))
		b.mustApply(migrator.Options{N: len(shop)})
		b.db.Exec("UPDATE orders SET note = 'same'")
		if _, err := b.apply(migrator.Options{}); err == nil || strings.Contains(err.Error(), "reverts the file") {
			t.Fatalf("the error is %v", err)
		}
		if _, err := b.down(migrator.Options{Yes: true}); err == nil || !strings.Contains(err.Error(), "half applied (0 of 2 statements have run) and can't be reverted from there") {
			t.Errorf("down gave %v", err)
		}
	})
}
