package adopt_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// shop is the schema that the cases' databases should have.
const shop = `
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE shops (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (
  id int PRIMARY KEY,
  shop_id int NOT NULL CONSTRAINT orders_shop_fk REFERENCES shops ON DELETE CASCADE,
  code text CONSTRAINT orders_code_key UNIQUE,
  note text NOT NULL DEFAULT '',
  mood mood,
  total bigint CONSTRAINT orders_total_check CHECK (total >= 0)
);
CREATE INDEX ix_orders_note ON orders (lower(note)) WHERE note <> '';
CREATE UNIQUE INDEX ux_orders_shop_code ON orders (shop_id, code);
CREATE SCHEMA "Old Shop";
CREATE TABLE "Old Shop"."Order" ("select" int PRIMARY KEY, "Note" text NOT NULL, parent int CONSTRAINT "Order_parent" REFERENCES "Old Shop"."Order");
CREATE INDEX "ix ""Note""" ON "Old Shop"."Order" ("Note");
CREATE TABLE parted (id int, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE INDEX ix_parted_note ON parted (note);
CREATE VIEW open_orders AS SELECT id, note FROM orders WHERE total IS NULL;
CREATE SEQUENCE numbers;
CREATE FUNCTION keep_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER "Keep note" BEFORE INSERT OR UPDATE OF note ON orders FOR EACH ROW EXECUTE FUNCTION keep_note();
CREATE POLICY own ON shops USING (name = current_user);
`

// rows are in every case's database.
const shopRows = `
INSERT INTO shops SELECT n, 'shop ' || n FROM generate_series(1, 3) n;
INSERT INTO orders (id, shop_id, code, note, mood, total) SELECT n, 1 + n % 3, 'c' || n, 'note ' || n, 'ok', n FROM generate_series(1, 50) n;
INSERT INTO "Old Shop"."Order" SELECT n, 'note ' || n, nullif(n - 1, 0) FROM generate_series(1, 50) n;
INSERT INTO parted SELECT n, '2024-03-01', 'note' FROM generate_series(1, 50) n;
`

// A repairCase is a way in which a database differs from shop.
type repairCase struct {
	name, drift string
	invalid     [2]string // a table and a statement that is cut off while it builds an index
	rebuilt     bool      // that index becomes another one, although it is in extra
	versions    string    // of PostgreSQL
	// differences are what is repaired, extra what stays.
	differences, extra []string
	without            []string // words that the repair's SQL must not contain
}

var repairCases = []repairCase{
	{name: "missing indexes", drift: `DROP INDEX ix_orders_note; DROP INDEX ux_orders_shop_code; DROP INDEX "Old Shop"."ix ""Note"""; DROP INDEX ix_parted_note`, differences: []string{
		`index "Old Shop"."Order"."ix ""Note"""`, "index public.orders.ix_orders_note", "index public.orders.ux_orders_shop_code", "index public.parted.ix_parted_note", "index public.parted_1.parted_1_note_idx"}},
	{name: "invalid index", drift: "DROP INDEX ix_orders_note",
		invalid:     [2]string{"orders", "CREATE INDEX CONCURRENTLY ix_orders_note ON orders (lower(note)) WHERE note <> ''"},
		differences: []string{"index public.orders.ix_orders_note"}},
	{name: "reindex left", invalid: [2]string{"orders", "REINDEX INDEX CONCURRENTLY ix_orders_note"}},
	{name: "other names", drift: `
ALTER TABLE orders RENAME CONSTRAINT orders_shop_fk TO old_fk;
ALTER TABLE orders RENAME CONSTRAINT orders_code_key TO old_key;
ALTER TABLE orders RENAME CONSTRAINT orders_pkey TO old_pkey;
ALTER TABLE orders RENAME CONSTRAINT orders_total_check TO "old Check";
ALTER INDEX ix_orders_note RENAME TO old_ix;
ALTER TABLE "Old Shop"."Order" RENAME CONSTRAINT "Order_parent" TO "select"`, without: []string{"ADD CONSTRAINT", "CREATE INDEX", "DROP"}, differences: []string{
		`constraint "Old Shop"."Order"."Order_parent"`, "constraint public.orders.orders_code_key", "constraint public.orders.orders_pkey",
		"constraint public.orders.orders_shop_fk", "constraint public.orders.orders_total_check", "index public.orders.ix_orders_note"}},
	{name: "names of others", drift: `
ALTER INDEX ix_orders_note RENAME TO swap; ALTER INDEX ux_orders_shop_code RENAME TO ix_orders_note; ALTER INDEX swap RENAME TO ux_orders_shop_code`, differences: []string{
		"index public.orders.ix_orders_note", "index public.orders.ux_orders_shop_code"}},
	{name: "nullable", drift: `
ALTER TABLE orders ALTER note DROP NOT NULL, ALTER shop_id DROP NOT NULL; ALTER TABLE "Old Shop"."Order" ALTER "Note" DROP NOT NULL`, differences: []string{
		`column "Old Shop"."Order"."Note"`, "column public.orders.note", "column public.orders.shop_id"}},
	{name: "weaker", drift: `
DROP VIEW open_orders;
ALTER TABLE orders DROP CONSTRAINT orders_shop_fk, ADD CONSTRAINT orders_shop_fk FOREIGN KEY (shop_id) REFERENCES shops;
ALTER TABLE orders DROP CONSTRAINT orders_total_check, ADD CONSTRAINT orders_total_check CHECK (total > -5) NOT VALID;
ALTER TABLE orders ALTER note DROP DEFAULT, ALTER total TYPE int;
ALTER TABLE orders DROP CONSTRAINT orders_code_key;
DROP INDEX ix_orders_note; CREATE INDEX ix_orders_note ON orders (note)`, differences: []string{
		"view public.open_orders", "column public.orders.note", "column public.orders.total", "constraint public.orders.orders_code_key", "constraint public.orders.orders_shop_fk",
		"constraint public.orders.orders_total_check", "index public.orders.ix_orders_note"}},
	{name: "not validated", drift: `
ALTER TABLE orders DROP CONSTRAINT orders_shop_fk, ADD CONSTRAINT orders_shop_fk FOREIGN KEY (shop_id) REFERENCES shops ON DELETE CASCADE NOT VALID`,
		differences: []string{"constraint public.orders.orders_shop_fk"}, without: []string{"ADD CONSTRAINT"}},
	{name: "missing table and column", drift: `DROP TABLE "Old Shop"."Order"; ALTER TABLE orders DROP mood; DROP TYPE mood`, differences: []string{
		`table "Old Shop"."Order"`, "enum public.mood", "column public.orders.mood"}},
	{name: "missing values", drift: `
ALTER TABLE orders DROP mood; DROP TYPE mood; CREATE TYPE mood AS ENUM ('sad', 'happy', 'more'); ALTER TABLE orders ADD mood mood`,
		differences: []string{"enum public.mood"}},
	{name: "extra objects", drift: `
CREATE TABLE extra (id int PRIMARY KEY, order_id int REFERENCES orders); INSERT INTO extra SELECT n, n FROM generate_series(1, 7) n;
CREATE TYPE extra_mood AS ENUM ('x'); CREATE SCHEMA extra_schema; CREATE TABLE extra_schema.t (a extra_mood);
ALTER TABLE orders ADD extra text; UPDATE orders SET extra = note;
ALTER TABLE orders ADD CONSTRAINT extra_check CHECK (id > 0), ADD CONSTRAINT extra_key UNIQUE (id, note), ADD CONSTRAINT extra_fk FOREIGN KEY (shop_id) REFERENCES shops;
CREATE INDEX extra_ix ON orders (note, id); CREATE INDEX ix_orders_note_again ON orders (lower(note)) WHERE note <> '';
CREATE VIEW extra_view AS SELECT extra FROM orders; CREATE FUNCTION extra_function() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER TABLE orders SET (fillfactor = 70); CREATE SEQUENCE extra_sequence; ALTER TYPE mood ADD VALUE 'extra' BEFORE 'ok';
DROP INDEX ux_orders_shop_code; ALTER TABLE orders ALTER note DROP NOT NULL`,
		differences: []string{"column public.orders.note", "index public.orders.ux_orders_shop_code"},
		extra: []string{"enum public.extra_mood", "enum public.mood", "schema extra_schema", "sequence public.extra_sequence", "function public.extra_function()",
			"table extra_schema.t", "table public.extra", "view public.extra_view", "table public.orders", "column public.orders.extra",
			"constraint public.orders.extra_check", "constraint public.orders.extra_fk", "constraint public.orders.extra_key",
			"index public.orders.extra_ix", "index public.orders.ix_orders_note_again"}},
	// A user's objects under names and with definitions that the repair uses for its own.
	{name: "names of helpers", drift: `
ALTER TABLE orders ALTER note DROP NOT NULL, ADD CONSTRAINT orders_note_not_null CHECK (note IS NOT NULL);
ALTER TABLE orders ALTER shop_id DROP NOT NULL, ADD CONSTRAINT orders_not_null CHECK (shop_id IS NOT NULL) NOT VALID;
ALTER TABLE shops ALTER name DROP NOT NULL, ADD CONSTRAINT shops_name_not_null CHECK (name IS NOT NULL) NOT VALID`,
		differences: []string{"column public.orders.note", "column public.orders.shop_id", "column public.shops.name"},
		extra:       []string{"constraint public.orders.orders_not_null", "constraint public.orders.orders_note_not_null", "constraint public.shops.shops_name_not_null"}},
	{name: "names of replacements", drift: `
ALTER TABLE orders DROP CONSTRAINT orders_total_check, ADD CONSTRAINT orders_total_check CHECK (total > -5), ADD CONSTRAINT orders_total_check_new CHECK (total >= 0);
ALTER TABLE orders DROP CONSTRAINT orders_shop_fk, ADD CONSTRAINT orders_shop_fk FOREIGN KEY (shop_id) REFERENCES shops,
  ADD CONSTRAINT orders_shop_fk_new FOREIGN KEY (shop_id) REFERENCES shops ON DELETE CASCADE NOT VALID;
ALTER TABLE orders DROP CONSTRAINT orders_code_key, ADD CONSTRAINT orders_code_key UNIQUE (code, id); CREATE UNIQUE INDEX orders_code_key_new ON orders (code);
DROP INDEX ix_orders_note; CREATE INDEX ix_orders_note ON orders (note); CREATE INDEX ix_orders_note_new ON orders (lower(note)) WHERE note <> '';
DROP INDEX ix_parted_note; CREATE INDEX ix_parted_note ON parted (at);
CREATE INDEX parted_1_ix_parted_note_new ON parted_1 (note); CREATE INDEX ix_parted_note_new ON parted (note)`,
		differences: []string{"constraint public.orders.orders_code_key", "constraint public.orders.orders_shop_fk", "constraint public.orders.orders_total_check",
			"index public.orders.ix_orders_note", "index public.parted.ix_parted_note", "index public.parted_1.parted_1_note_idx"},
		extra: []string{"constraint public.orders.orders_shop_fk_new", "constraint public.orders.orders_total_check_new", "index public.orders.ix_orders_note_new",
			"index public.orders.orders_code_key_new", "index public.parted.ix_parted_note_new", "index public.parted_1.parted_1_ix_parted_note_new"}},
	{name: "invalid replacement", drift: "DROP INDEX ix_orders_note; CREATE INDEX ix_orders_note ON orders (note)",
		invalid:     [2]string{"orders", "CREATE INDEX CONCURRENTLY ix_orders_note_new ON orders (lower(note)) WHERE note <> ''"},
		differences: []string{"index public.orders.ix_orders_note"}, extra: []string{"index public.orders.ix_orders_note_new"}, rebuilt: true},
	{name: "invalid index of another", drift: "DROP INDEX ix_orders_note; CREATE INDEX ix_orders_note ON orders (note)",
		invalid:     [2]string{"orders", "CREATE INDEX CONCURRENTLY ix_orders_note_new ON orders (code)"},
		differences: []string{"index public.orders.ix_orders_note"}, extra: []string{"index public.orders.ix_orders_note_new"}},
	{name: "missing objects", drift: `
DROP VIEW open_orders; DROP TRIGGER "Keep note" ON orders; DROP FUNCTION keep_note; DROP POLICY own ON shops; DROP SEQUENCE numbers; DROP TABLE "Old Shop"."Order"`,
		differences: []string{"view public.open_orders", `trigger public.orders."Keep note"`, "function public.keep_note()", "policy public.shops.own", "sequence public.numbers", `table "Old Shop"."Order"`}},
	{name: "order of columns", drift: `DROP VIEW open_orders; ALTER TABLE orders DROP total; ALTER TABLE orders ADD total bigint CONSTRAINT orders_total_check CHECK (total >= 0);
CREATE VIEW open_orders AS SELECT id, note FROM orders WHERE total IS NULL`},
}

func (d *drifted) build(c repairCase) {
	d.Helper()
	d.db.Exec(shop)
	d.db.Exec(shopRows)
	for _, s := range strings.Split(c.drift, ";\n") { // an enum's new value can't be used in its transaction
		if strings.TrimSpace(s) != "" {
			d.db.Exec(s)
		}
	}
	if c.invalid[0] != "" {
		d.db.CutOff(c.invalid[0], c.invalid[1])
	}
}

func names(diffs []catalog.Difference) (list []string) {
	for _, d := range diffs {
		name := d.Object
		if d.Table != "" && d.Table != d.Object {
			name = d.Table + "." + d.Object
		}
		list = append(list, d.Kind+" "+name)
	}
	return list
}

func TestRepair(t *testing.T) {
	shopDir := dir(t, shop)
	for _, c := range repairCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			pgtest.Versions(t, c.versions)
			d := newDrifted(t, shopDir, "head")
			d.build(c)
			rows := d.query(rowsSQL)
			was := d.catalog()
			r, err := d.repair()
			if err != nil {
				t.Fatalf("%v\n%s", err, script(r))
			}
			if now := d.catalog(); !now.Equal(was) || r.Result != nil {
				t.Error("something changed without -yes")
			}
			got := names(r.Differences)
			slices.Sort(got)
			want := slices.Sorted(slices.Values(c.differences))
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
			extra := slices.DeleteFunc(names(r.Extra), func(n string) bool { return strings.Contains(n, "_ccnew") })
			slices.Sort(extra)
			if diff := cmp.Diff(slices.Sorted(slices.Values(c.extra)), extra, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("extra (-want +got):\n%s", diff)
			}
			for _, w := range c.without {
				if strings.Contains(script(r), w) {
					t.Errorf("the repair contains %s:\n%s", w, script(r))
				}
			}
			d.mustRepair()
			now := d.catalog()
			for l := range was.All() {
				if _, ok := now.Def(l.Kind, l.Name); !ok && !c.rebuilt && slices.Contains(c.extra, l.Kind+" "+l.Name) {
					t.Errorf("the repair dropped %s %s", l.Kind, l.Name)
				}
			}
			if after := d.query(rowsSQL); after != rows {
				t.Errorf("the rows changed:\n%s\n%s", rows, after)
			}
			keeps := c.invalid[0] != "" && len(c.extra) > 0 && !c.rebuilt
			if left := d.query("SELECT (count(*) > 0)::text FROM pg_index WHERE NOT indisvalid"); left != strconv.FormatBool(keeps) {
				t.Errorf("INVALID indexes are left: %s", left)
			}
		})
	}
}

// What only the live database has is dropped with -dropextra and -yes, after its rows were counted.
func TestRepairDropExtra(t *testing.T) {
	d := newDrifted(t, dir(t, shop), "head")
	i := slices.IndexFunc(repairCases, func(c repairCase) bool { return c.name == "extra objects" })
	d.build(repairCases[i])
	d.db.Exec("DROP VIEW extra_view; UPDATE orders SET mood = 'sad' WHERE id = 1; DROP FUNCTION extra_function(); DROP SEQUENCE extra_sequence")
	d.cfg.DropExtra = true
	was := d.catalog()
	r, err := d.repair()
	if err != nil {
		t.Fatalf("%v\n%s", err, script(r))
	}
	want := []migrator.Loss{{Table: "public.extra", Rows: 7}, {Table: "public.orders", Column: "extra", Rows: 50}}
	if diff := cmp.Diff(want, r.Losses); diff != "" {
		t.Errorf("losses (-want +got):\n%s", diff)
	}
	if !d.catalog().Equal(was) {
		t.Error("something changed without -yes")
	}
	d.mustRepair()
	head, err := catalog.At(d.cfg.Live.Dir, 0)
	if err == nil {
		t.Log(textsOf(catalog.Diff(head, d.catalog())))
	}
}

// A column that should be NOT NULL but has NULLs needs a decision, which a file makes.
func TestRepairDecides(t *testing.T) {
	d := newDrifted(t, dir(t, shop), "head")
	d.build(repairCase{drift: `ALTER TABLE "Old Shop"."Order" ALTER "Note" DROP NOT NULL;
UPDATE "Old Shop"."Order" SET "Note" = NULL WHERE "select" <= 12;
ALTER TABLE orders DROP note CASCADE;
ALTER TABLE shops DROP name CASCADE;
DROP INDEX IF EXISTS ux_orders_shop_code;
ALTER TABLE orders DROP CONSTRAINT orders_code_key;
UPDATE orders SET code = 'same' WHERE id < 4`})
	d.cfg.Yes = true
	was := d.catalog()
	r, err := d.repair()
	var decide *adopt.DecisionError
	if !errors.As(err, &decide) {
		t.Fatal(err)
	}
	t.Log(err)
	t.Log(r.DecisionText())
	if !d.catalog().Equal(was) {
		t.Error("something changed")
	}
	d.cfg.First = &adopt.First{Name: "repair.sql", SQL: r.DecisionText()}
	if _, err = d.repair(); !errors.As(err, &decide) {
		t.Fatal(err)
	}
	d.cfg.First.SQL = "ALTER TABLE shops ADD COLUMN IF NOT EXISTS name text NOT NULL DEFAULT 'x'; ALTER TABLE shops ALTER name DROP DEFAULT;"
	r, err = d.repair()
	t.Log(err)
	if !errors.As(err, &decide) || decide.After == "" {
		t.Fatalf("%v\n%s", err, script(r))
	}
	t.Log((&adopt.Repaired{Decisions: decide.Decisions}).DecisionText())
}
