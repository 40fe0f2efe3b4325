package migrator_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// What the pending files of these change: a column, a constraint by its name, nothing, and a table.
var drifting = append(append([]file(nil), shop[:3]...), []file{
	{"20240104000000_note.sql", "-- alembic:revision ddd444\n\nALTER TABLE orders DROP COLUMN note, ADD COLUMN \"Odd; c\" int;\n", ""},
	{"20240105000000_key.sql", "-- alembic:revision eee555\n\nALTER TABLE items DROP CONSTRAINT IF EXISTS items_order_id_fkey;\n", ""},
	{"20240106000000_index.sql", "-- alembic:revision fff666\n-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY IF NOT EXISTS ix_items ON items (order_id);\n", ""},
}...)

func TestApplyToADriftedDatabase(t *testing.T) {
	d := dir(t, drifting...)
	texts := func(list []catalog.Difference) (all []string) {
		for _, x := range list {
			all = append(all, x.Text)
		}
		return all
	}
	for _, tt := range []struct {
		name, change string
		ignore       []string
		stops        []string // the differences for which apply refuses
		others       []string // those that it names
		fails        string   // with -drifted
	}{
		{name: "none"},
		{name: "a column that a file drops", change: "ALTER TABLE orders ALTER note SET NOT NULL",
			stops: []string{"orders.note is NOT NULL; the migrations say nullable"}},
		{name: "ignored", change: "ALTER TABLE orders ALTER note SET NOT NULL", ignore: []string{"column orders.note"}},
		{name: "a column that a file adds", change: `ALTER TABLE orders ADD COLUMN "Odd; c" text`,
			stops: []string{`column orders."Odd; c" is extra (text)`}, fails: "already exists"},
		{name: "another column", change: "ALTER TABLE orders ALTER total TYPE bigint; CREATE INDEX hotfix ON orders (total)",
			others: []string{"orders.total is bigint; the migrations say integer", "index orders.hotfix is extra (CREATE INDEX hotfix ON public.orders USING btree (total))"}},
		{name: "both", change: "ALTER TABLE orders ALTER total TYPE bigint, ALTER note SET NOT NULL",
			stops: []string{"orders.note is NOT NULL; the migrations say nullable"}, others: []string{"orders.total is bigint; the migrations say integer"}},
		{name: "an index as a file makes it", change: "CREATE INDEX ix_items ON items (order_id)"},
		{name: "another index of that name", change: "CREATE INDEX ix_items ON items (order_id DESC)",
			stops: []string{"index items.ix_items is extra (CREATE INDEX ix_items ON public.items USING btree (order_id DESC))"}, fails: "another definition"},
		{name: "a key of another name, which a file drops", change: "ALTER TABLE items RENAME CONSTRAINT items_order_id_fkey TO fk",
			others: []string{"constraint items.items_order_id_fkey is named fk"}},
		{name: "a key of another name", change: "ALTER TABLE orders RENAME CONSTRAINT orders_pkey TO pk; COMMENT ON TABLE orders IS 'x'; ALTER TABLE orders ALTER total SET STATISTICS 5"},
		{name: "a table", change: "DROP TABLE items",
			stops: []string{"table items is missing"}, fails: "does not exist"},
		{name: "an extension", change: "CREATE EXTENSION pgcrypto"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := setup(t, d)
			b.mustApply(migrator.Options{To: "ccc333"})
			if tt.change != "" {
				b.db.Exec(tt.change)
			}
			b.cfg.Ignore = tt.ignore
			before := b.everything()
			if len(tt.stops) > 0 {
				for _, dryRun := range []bool{true, false} {
					_, err := b.apply(migrator.Options{DryRun: dryRun})
					var drifted *migrator.DriftError
					if !errors.As(err, &drifted) {
						t.Fatalf("apply gave %v", err)
					}
					if diff := cmp.Diff(tt.stops, texts(drifted.Differences)); diff != "" {
						t.Error(diff)
					}
					want := "objects that the pending migrations change have drifted from version 20240103000000: " + strings.Join(tt.stops, ", ") +
						"; nothing was done: restore these objects first (`drift` lists all differences), or add -drifted to go on"
					if err.Error() != want {
						t.Errorf("apply gave\n%v\nwant\n%s", err, want)
					}
				}
				b.same(before)
			}
			res, err := b.apply(migrator.Options{Drifted: len(tt.stops) > 0})
			switch {
			case tt.fails != "":
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("apply gave %v", err)
				}
				return
			case err != nil:
				t.Fatal(err)
			}
			if got := b.alembic(); got != "fff666" {
				t.Errorf("alembic_version says %s", got)
			}
			if len(tt.stops) == 0 || tt.name == "both" {
				want := tt.others
				if tt.name == "both" {
					want = append(append([]string(nil), tt.stops...), want...)
				}
				if diff := cmp.Diff(want, texts(res.Drift)); diff != "" {
					t.Error(diff)
				}
			}
			// With nothing pending nothing is compared.
			if res = b.mustApply(migrator.Options{}); res.Drift != nil {
				t.Errorf("%v", res.Drift)
			}
		})
	}
}

// A file of which nobody knows what it changes isn't held up.
func TestApplyToADriftedDatabaseWithoutEffects(t *testing.T) {
	b := setup(t, read(t, write(t, drifting)))
	b.mustApply(migrator.Options{To: "ccc333"})
	b.db.Exec("ALTER TABLE orders ALTER note SET NOT NULL")
	if res := b.mustApply(migrator.Options{}); res.Drift != nil {
		t.Errorf("%v", res.Drift)
	}
}
