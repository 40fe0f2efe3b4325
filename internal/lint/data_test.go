package lint_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/project"
)

// The report says which existing rows a statement deletes, and which values it overwrites.
func TestChangedData(t *testing.T) {
	for sql, want := range map[string]string{
		"DELETE FROM orders WHERE id = 1":                                                              "-[orders] ~[]",
		"WITH x AS (DELETE FROM orders RETURNING id) UPDATE customers SET name = ''":                   `-[orders] ~[customers.name]`,
		`UPDATE customers SET (mail, "Odd Column") = ('', 1), name = '' WHERE id = 1`:                  `-[] ~[customers."Odd Column" customers.mail customers.name]`,
		"UPDATE customers SET name = '' WHERE (name IS NULL) AND id > 1":                               "-[] ~[]",
		"UPDATE customers SET name = '', mail = '' WHERE name IS NULL":                                 "-[] ~[customers.mail]",
		"UPDATE customers SET name = '' WHERE name IS NULL OR id = 1":                                  "-[] ~[customers.name]",
		"DO $$ BEGIN IF false THEN DELETE FROM orders; END IF; END $$":                                 "-[orders] ~[]",
		"MERGE INTO orders o USING customers c ON c.id = o.id WHEN MATCHED THEN DELETE":                "-[orders] ~[]",
		"MERGE INTO orders o USING customers c ON c.id = o.id WHEN MATCHED THEN UPDATE SET note = 'x'": "-[] ~[orders]",
		"CREATE TABLE t (x int); DELETE FROM t; UPDATE t SET x = 1":                                    "-[] ~[]",
		"ALTER TABLE orders ADD COLUMN y int; UPDATE orders SET y = 1":                                 "-[] ~[]",
	} {
		r := mustRun(t, folder(t, map[string]string{first: shop, second: sql + ";\n"}), lint.Config{Latest: 1})
		var deletes, overwrites []string
		for _, s := range r.Files[0].Statements {
			deletes, overwrites = append(deletes, s.Deletes...), append(overwrites, s.Overwrites...)
		}
		if got := fmt.Sprintf("-%s ~%s", deletes, overwrites); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

// The report keeps the findings that a directive or a setting silences, and the catalogs around each file.
func TestReportKeeps(t *testing.T) {
	files := map[string]string{
		first:  shop,
		second: "-- atlas:nolint DS103 -- unused\nALTER TABLE orders DROP COLUMN note;\nDROP TABLE \"Archive\".\"Old Orders\";\nALTER TABLE customers RENAME COLUMN name TO n;\n",
		third:  "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY i ON orders (id);\nBEGIN;\nALTER TABLE orders ADD COLUMN a int;\nSELECT 1;\nCOMMIT;\n",
	}
	skip := true
	r := mustRun(t, folder(t, files), lint.Config{Latest: 2, Policy: lint.Policy{Analyzers: map[string]project.Setting{lint.Incompatible: {Skip: &skip}}}})
	var names, transactions []string
	for _, d := range r.Files[0].Silenced {
		names = append(names, d.Name)
	}
	if diff := cmp.Diff([]string{"rename-column", "drop-column"}, names); diff != "" {
		t.Errorf("silenced: %s", diff)
	}
	for _, f := range r.Files {
		for _, s := range f.Statements {
			transactions = append(transactions, fmt.Sprintf("%v %d %s", f.TxNone, s.Tx, strings.Fields(f.Text[s.Pos:s.End])[0]))
		}
	}
	want := []string{"false 1 ALTER", "false 1 DROP", "false 1 ALTER", "true 2 CREATE", "true 3 BEGIN", "true 3 ALTER", "true 3 SELECT", "true 3 COMMIT"}
	if diff := cmp.Diff(want, transactions); diff != "" {
		t.Errorf("transactions: %s", diff)
	}
	if len(r.Path) != 3 {
		t.Fatalf("%d catalogs", len(r.Path))
	}
	for i, want := range []bool{true, false, false} {
		if _, ok := r.Path[i].Def("column", "public.orders.note"); ok != want {
			t.Errorf("catalog %d has the column: %v", i, ok)
		}
	}
}
