package migrator_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// contracts expands and contracts twice: the first contract has a transaction, the second has none.
func contracts(t *testing.T) *migration.Dir {
	return dir(t, shop[0],
		file{"20240102000000_expand.sql", "ALTER TABLE orders ADD COLUMN remark text;\n", "ALTER TABLE orders DROP COLUMN remark;\n"},
		file{"20240103000000_contract.sql", "-- migrate:contract\n\nALTER TABLE orders DROP COLUMN note;\n", "ALTER TABLE orders ADD COLUMN note text;\n"},
		file{"20240104000000_more.sql", "CREATE TABLE more (a int, b int);\n", "DROP TABLE more;\n"},
		file{"20240105000000_contract.sql", `-- migrate:contract
-- atlas:txmode none

DROP TABLE items;
CREATE INDEX CONCURRENTLY more_a ON more (a);
ALTER TABLE more DROP COLUMN b;
`, "-- atlas:txmode none\n\nALTER TABLE more ADD COLUMN b int;\nDROP INDEX CONCURRENTLY more_a;\nCREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders);\n"},
		file{"20240106000000_last.sql", "CREATE TABLE last (a int);\n", "DROP TABLE last;\n"},
	)
}

// days returns the days of the files' versions, which are in one month.
func days(files []*migration.File) string {
	var days []string
	for _, f := range files {
		days = append(days, f.Version[7:8])
	}
	return strings.Join(days, "")
}

func TestContract(t *testing.T) {
	d := contracts(t)
	for _, tt := range []struct {
		name                     string
		from                     string // where the database is first; "" for an empty one
		opts                     migrator.Options
		local                    bool
		planned, waiting, passed string // days
	}{
		{name: "stops before it", from: "20240101000000", planned: "2", waiting: "3456"},
		{name: "stops at it", from: "20240102000000", waiting: "3456"},
		{name: "stops before the next", from: "20240103000000", planned: "4", waiting: "56"},
		{name: "told to go on", from: "20240101000000", opts: migrator.Options{Contract: true}, planned: "23456", passed: "35"},
		{name: "one file of it", from: "20240102000000", opts: migrator.Options{Contract: true, N: 1}, planned: "3", passed: "3"},
		{name: "one file", from: "20240101000000", opts: migrator.Options{N: 1}, planned: "2"},
		{name: "one file that waits", from: "20240102000000", opts: migrator.Options{N: 1}, waiting: "3456"},
		{name: "target before it", from: "20240101000000", opts: migrator.Options{To: "20240102000000"}, planned: "2"},
		{name: "target", from: "20240101000000", opts: migrator.Options{To: "20240103000000"}, planned: "23", passed: "3"},
		{name: "target after it", from: "20240101000000", opts: migrator.Options{To: "20240104000000"}, planned: "234", passed: "3"},
		{name: "head as target", from: "20240101000000", opts: migrator.Options{To: "head"}, planned: "23456", passed: "35"},
		{name: "empty database", planned: "123456"},
		{name: "database of one's own", from: "20240101000000", local: true, planned: "23456"},
		{name: "none left", from: "20240105000000", planned: "6"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			b := setup(t, d)
			b.cfg.Contract = tt.local
			if tt.from != "" {
				b.mustApply(migrator.Options{To: tt.from})
			}
			st := b.status()
			if got := days(st.Pending[len(st.Pending)-len(st.Waiting):]); got != days(st.Waiting) || st.Ready() != (len(st.Pending) == len(st.Waiting)) {
				t.Errorf("pending are %s, of which %s wait; ready: %v", days(st.Pending), days(st.Waiting), st.Ready())
			}
			dry := tt.opts
			dry.DryRun = true
			script := b.mustApply(dry)
			for _, f := range d.Files() {
				in := strings.Contains(tt.planned, f.Version[7:8])
				if strings.Contains(script.Script, "\n-- "+f.Name+"\n") != in {
					t.Errorf("in the script, %s is missing or too much:\n%s", f.Name, script.Script)
				}
			}
			res := b.mustApply(tt.opts)
			for _, r := range []*migrator.Result{script, res} {
				if diff := cmp.Diff([]string{tt.planned, tt.waiting, tt.passed}, []string{days(r.Planned), days(r.Waiting), days(r.Passed)}); diff != "" {
					t.Errorf("planned, waiting and passed, dry run %v (-want +got):\n%s", r == script, diff)
				}
			}
			if tt.opts.To == "" && tt.opts.N == 0 {
				st = b.status()
				if days(st.Waiting) != tt.waiting || !st.Ready() {
					t.Errorf("after it, %s wait, ready: %v", days(st.Waiting), st.Ready())
				}
				before := b.everything()
				if again := b.mustApply(tt.opts); len(again.Ran) > 0 {
					t.Errorf("once more it runs %v", ran(again.Ran))
				}
				b.same(before)
			}
		})
	}
}

// What has begun is finished by any apply; what has been reverted waits again.
func TestContractKilled(t *testing.T) {
	d := contracts(t)
	whole := setup(t, d)
	whole.mustApply(migrator.Options{})
	head := whole.everything()
	for n := 1; n <= 3; n++ {
		b := setup(t, d)
		b.mustApply(migrator.Options{To: "20240104000000"})
		if !b.interrupted(n, false, true, func(ctx context.Context) error {
			_, err := b.m().Apply(ctx, migrator.Options{Contract: true})
			return err
		}) {
			t.Fatalf("there is no statement %d", n)
		}
		b.truthful()
		if st := b.status(); st.Partial == nil || len(st.Waiting) > 0 || st.Ready() {
			t.Errorf("killed at statement %d: partial %v, waiting %s", n, st.Partial, days(st.Waiting))
		}
		res := b.mustApply(migrator.Options{})
		if got := days(res.Planned); got != "56" || res.Waiting != nil || res.Passed != nil {
			t.Errorf("killed at statement %d: the next apply runs %s, passes %s", n, got, days(res.Passed))
		}
		b.same(head)
	}

	b := setup(t, d)
	b.mustApply(migrator.Options{To: "20240102000000"})
	b.interrupted(1, false, true, func(ctx context.Context) error {
		_, err := b.m().Apply(ctx, migrator.Options{Contract: true})
		return err
	})
	if res := b.mustApply(migrator.Options{}); len(res.Ran) > 0 || days(res.Waiting) != "3456" {
		t.Errorf("a contract that was rolled back was run again: %v", ran(res.Ran))
	}
	b.mustApply(migrator.Options{Contract: true})
	b.same(head)
	if _, err := b.down(migrator.Options{N: 2}); err != nil {
		t.Fatal(err)
	}
	if res := b.mustApply(migrator.Options{}); len(res.Ran) > 0 || days(res.Waiting) != "56" {
		t.Errorf("a contract that was reverted is run again: %v", ran(res.Ran))
	}
}
