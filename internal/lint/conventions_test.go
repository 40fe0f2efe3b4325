package lint_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/project"
)

// TestConventions checks names against patterns, and statements against a project's own rules.
func TestConventions(t *testing.T) {
	match := regexp.MustCompile
	policy := lint.Policy{
		Naming: map[string]project.Pattern{
			"":            {Match: match("^[a-z_]+$"), Message: "only lower case"},
			"index":       {Match: match("_idx$")},
			"foreign_key": {Match: match("^fk_"), Message: "fk_ first"},
		},
		Rules: []project.CustomRule{
			{Name: "no-vacuum", Match: match(`(?i)^VACUUM\b`), Message: "autovacuum does it", Error: true},
			{Name: "no-grant", Match: match(`(?i)^GRANT\b`), Message: "grants are elsewhere"},
		},
	}
	for _, test := range []struct{ name, sql, want string }{
		{"good", "CREATE SCHEMA good;\nCREATE TABLE lines (id bigint PRIMARY KEY, n int CONSTRAINT positive CHECK (n > 0), o int CONSTRAINT fk_o REFERENCES orders);\nCREATE INDEX lines_idx ON lines (n);", ""},
		{"schema", "CREATE SCHEMA bad1;", "warning NM101 naming-convention: the name of schema bad1 breaks a convention: only lower case"},
		{"table", "CREATE TABLE \"Lines\" (id bigint);", `warning NM102 naming-convention: the name of table "Lines" breaks a convention: only lower case`},
		{"column", "ALTER TABLE orders ADD COLUMN a1 int;", "warning NM103 naming-convention: the name of column orders.a1 breaks a convention: only lower case"},
		{"renamed column", "-- atlas:nolint BC102\n\nALTER TABLE orders RENAME note TO n1;", "warning NM103 naming-convention: the name of column orders.n1 breaks a convention: only lower case"},
		{"index", "CREATE TABLE lines (id bigint, n int UNIQUE);", `warning NM104 naming-convention: the name of index lines_n_key doesn't match "_idx$"`},
		{"foreign key", "CREATE TABLE lines (id bigint, o int CONSTRAINT o REFERENCES orders);", "warning NM105 naming-convention: the name of foreign key o of table lines breaks a convention: fk_ first"},
		{"check", "CREATE TABLE lines (id bigint CONSTRAINT c1 CHECK (id > 0));", "warning NM106 naming-convention: the name of check c1 of table lines breaks a convention: only lower case"},
		{"silenced", "-- atlas:nolint NM106 -- historic\n\nCREATE TABLE lines (id bigint CONSTRAINT c1 CHECK (id > 0));", ""},
		{"silenced another", "-- atlas:nolint NM106 naming -- historic\n\nCREATE SCHEMA bad1;", "warning IB613 unused-nolint: atlas:nolint NM106 silences nothing: remove it"},
		{"old", "SELECT 1 FROM customers;", ""},
		{"rules", "GRANT SELECT ON orders TO lint_reader;\nDO $$ BEGIN NULL; END $$;", `warning IB728 custom-rule: grants are elsewhere (rule "no-grant")`},
		{"rule that is an error", "-- atlas:txmode none\n\nVACUUM orders;", `error IB728 custom-rule: autovacuum does it (rule "no-vacuum")`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := mustRun(t, folder(t, map[string]string{first: shop, second: test.sql}), lint.Config{Latest: 1, Policy: policy})
			var got []string
			for _, f := range r.Files {
				for _, d := range f.Diagnostics {
					got = append(got, string(d.Severity)+" "+d.Code+" "+d.Name+": "+d.Text)
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOwners changes tables that somebody owns.
func TestOwners(t *testing.T) {
	policy := lint.Policy{Owners: []project.Owner{
		{Name: "team a", Match: regexp.MustCompile("^(?:orders|names)$")},
		{Name: "team b", Match: regexp.MustCompile(`^(?:Archive\..*)$`)},
	}}
	const (
		orders  = "warning orders, which team a owns"
		archive = `warning "Archive"."Old Orders", which team b owns`
	)
	for _, test := range []struct{ name, sql, want string }{
		{"column", "ALTER TABLE orders ADD COLUMN x int;", orders},
		{"rows", "UPDATE orders SET note = 'x' WHERE id = 1;", orders},
		{"inserted rows", "INSERT INTO orders VALUES (1);", orders},
		{"rows in a block", "DO $$ BEGIN DELETE FROM orders WHERE id = 1; END $$;", orders},
		{"index", "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY orders_note ON orders (note);", orders},
		{"dropped index", "DROP INDEX customers_name;\nCREATE INDEX ON orders (note);", orders},
		{"trigger", "CREATE TRIGGER t BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();", orders},
		{"policy", "CREATE POLICY p ON orders;", orders},
		{"odd name", `ALTER TABLE "Archive"."Old Orders" ADD COLUMN y int;`, archive},
		{"view", "CREATE OR REPLACE VIEW names AS SELECT name, 1 AS one FROM customers;", "warning names, which team a owns"},
		{"both", `DROP TABLE orders; ALTER TABLE "Archive"."Old Orders" ADD COLUMN y int;`, orders + "; " + archive},
		{"read", "SELECT * FROM orders;\nANALYZE orders;", ""},
		{"referenced", "CREATE TABLE lines (id bigint PRIMARY KEY, o int REFERENCES orders);", ""},
		{"another", "ALTER TABLE customers ADD COLUMN x int;", ""},
		{"new", "CREATE TABLE \"Archive\".t (id int);", ""},
		{"silenced", "-- atlas:nolint OW101 -- team a agrees\nALTER TABLE orders ADD COLUMN x int;", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range mustRun(t, folder(t, map[string]string{first: shop, second: test.sql}), lint.Config{Latest: 1, Policy: policy}).Files {
				for _, d := range f.Diagnostics {
					if d.Name == "ownership-policy" || d.Name == "unused-nolint" {
						got = append(got, string(d.Severity)+" "+strings.TrimPrefix(d.Text, "the statement changes "))
					}
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "; ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
