package lint_test

import (
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
)

// TestWords checks what findings say about locks, values and blocks.
func TestWords(t *testing.T) {
	for _, test := range []struct{ sql, rule, want string }{
		{"CREATE TABLE kinds (id int PRIMARY KEY);\nALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES kinds;", "add-fk-validating",
			"under a SHARE ROW EXCLUSIVE lock on orders, which blocks its writes until the transaction ends"},
		{"ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES customers;", "add-fk-validating",
			"under a SHARE ROW EXCLUSIVE lock on orders and customers, which blocks writes to both until the transaction ends"},
		{"ALTER TABLE orders ADD x int, ADD FOREIGN KEY (id) REFERENCES customers;", "add-fk-validating",
			"under an ACCESS EXCLUSIVE lock on orders and a SHARE ROW EXCLUSIVE lock on customers, which blocks reads and writes of orders, and writes to customers until the transaction ends"},
		{"ALTER TABLE orders ADD x int;\nCREATE INDEX ON customers (name);\nALTER TABLE orders ALTER note TYPE jsonb USING note::jsonb;", "type-change-rewrite",
			"changing orders.note from text to jsonb rewrites table orders and its indexes under an ACCESS EXCLUSIVE lock"},
		{"CREATE INDEX a ON orders (note);\nALTER TABLE orders ADD x int;\nCREATE INDEX b ON orders (note, id);", "create-index-blocking",
			"building index b takes a SHARE lock on table orders"},
		{"ALTER TABLE orders ALTER note TYPE text USING upper(note);", "type-change-rewrite", "computing new values of orders.note rewrites table orders"},
		{"ALTER TABLE orders ALTER note TYPE text COLLATE \"C\" USING note;\nCREATE INDEX ON orders (note);", "type-change-loses-statistics", "changing the collation of orders.note"},
		{"BEGIN;\nSELECT 1;\nCOMMIT;", "nested-transaction", "the file already runs in a transaction, which this one would end halfway"},
		{"DO $$ BEGIN EXECUTE 'VACUUM orders'; END $$;", "nontransactional-in-transaction", "everything in a block or function runs in one"},
	} {
		t.Run(test.sql, func(t *testing.T) {
			t.Parallel()
			on := false
			policy := lint.Policy{Checks: map[string]lint.Setting{"type-change-loses-statistics": {Skip: &on}}}
			r := mustRun(t, folder(t, map[string]string{first: shop, second: test.sql}), lint.Config{Latest: 1, Policy: policy})
			found := false
			for _, f := range r.Files {
				for _, d := range f.Diagnostics {
					found = found || d.Name == test.rule && strings.Contains(d.Text, test.want)
				}
			}
			if !found {
				t.Errorf("no %s says %q in %q", test.rule, test.want, findings(r))
			}
		})
	}
	for _, r := range lint.Rules() {
		if r.Name == "nested-transaction" && strings.Contains(r.Help, "or use -- atlas:txmode none") {
			t.Error(r.Help)
		}
	}
}
