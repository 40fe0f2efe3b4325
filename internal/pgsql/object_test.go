package pgsql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

func TestDropsAndRenames(t *testing.T) {
	for _, test := range []struct{ sql, want string }{
		{`DROP TABLE IF EXISTS a, "B".c CASCADE`, `drops table a; drops table "B".c`},
		{`DROP MATERIALIZED VIEW app.v`, `drops materialized view app.v`},
		{`DROP INDEX CONCURRENTLY i`, `drops index i`},
		{`DROP SCHEMA app`, `drops schema app`},
		{`DROP FUNCTION f(integer), g`, `drops function f; drops function g`},
		{`DROP OWNED BY someone`, ``},
		{`ALTER TABLE app.t DROP a, DROP COLUMN IF EXISTS "column", DROP CONSTRAINT k CASCADE, ALTER b DROP DEFAULT`,
			`drops column app.t a; drops column app.t column; drops constraint app.t k`},
		{`ALTER TABLE t RENAME TO "T u"`, `renames table t to "T u"`},
		{`ALTER TABLE app.t RENAME TO u`, `renames table app.t to app.u`},
		{`ALTER TABLE app.t SET SCHEMA other`, `renames table app.t to other.t`},
		{`ALTER TABLE t RENAME a TO b`, `renames column t a to b`},
		{`ALTER TABLE t RENAME CONSTRAINT a TO b`, `renames constraint t a to b`},
		{`ALTER INDEX i RENAME TO j`, `renames index i to j`},
		{`ALTER TABLE t ADD renamed text, ADD CONSTRAINT dropped CHECK (true)`, ``},
		{`COMMENT ON TABLE t IS 'DROP TABLE u'`, ``},
	} {
		st := pgsql.Stmt{Text: test.sql}.Parse()
		var got []string
		text := func(o pgsql.Object) string { return strings.TrimSpace(fmt.Sprintf("%s %s %s", o.Kind, o.Name, o.Part)) }
		for _, o := range st.Drops() {
			got = append(got, "drops "+text(o))
		}
		for _, r := range st.Renames() {
			got = append(got, fmt.Sprintf("renames %s to %s", text(r.Object), r.To))
		}
		if got := strings.Join(got, "; "); got != test.want {
			t.Errorf("%s: %q, want %q", test.sql, got, test.want)
		}
	}
}
