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
