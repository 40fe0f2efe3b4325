package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
)

// What may be extra in a database that is taken over.
func TestUndeclared(t *testing.T) {
	conn := superuser(t)
	after := func(sql string) catalog.Catalog {
		exec(t, conn, "BEGIN")
		defer exec(t, conn, "ROLLBACK")
		exec(t, conn, sql)
		return read(t, conn, catalog.Options{})
	}
	const base = `CREATE SCHEMA "S s"; CREATE TABLE "S s"."p P" (id int NOT NULL, k text) PARTITION BY LIST (id);
		CREATE TABLE plain (a int); CREATE TABLE "S s".declared PARTITION OF "S s"."p P" FOR VALUES IN (1);`
	for _, tt := range []struct {
		name, sql        string
		undeclared, rest []string
	}{
		{"nothing", "", nil, nil},
		{"an extension", "CREATE EXTENSION hstore; CREATE EXTENSION citext SCHEMA \"S s\"", []string{"citext", "hstore"}, nil},
		{"partitions with all parts", `CREATE TABLE x PARTITION OF "S s"."p P" FOR VALUES IN (2); CREATE INDEX ON x (k); ALTER TABLE x ADD CHECK (id = 2); COMMENT ON TABLE x IS 'y'; COMMENT ON COLUMN x.k IS 'z';
			CREATE TABLE "S s"."Sub" PARTITION OF "S s"."p P" DEFAULT PARTITION BY LIST (k); CREATE TABLE "S s"."Sub 1" PARTITION OF "S s"."Sub" FOR VALUES IN ('partition of public.plain DEFAULT')`,
			[]string{`"S s"."Sub 1"`, `"S s"."Sub"`, "public.x"}, nil},
		{"a table", "CREATE TABLE x (a int)", nil, []string{"public.x"}},
		{"a child", "CREATE TABLE x () INHERITS (plain)", nil, []string{"public.x"}},
		{"a partition of an undeclared table", "CREATE TABLE x (a int) PARTITION BY LIST (a); CREATE TABLE y PARTITION OF x DEFAULT", nil, []string{"public.x", "public.y"}},
		{"a partition that is gone", `DROP TABLE "S s".declared`, nil, []string{`"S s".declared`}},
		{"another bound", `ALTER TABLE "S s"."p P" DETACH PARTITION "S s".declared; ALTER TABLE "S s"."p P" ATTACH PARTITION "S s".declared FOR VALUES IN (3)`, nil, []string{`"S s".declared`}},
		{"a column besides", `CREATE EXTENSION hstore; ALTER TABLE plain ADD b hstore`, []string{"hstore"}, []string{"b"}},
	} {
		want, have := after(base), after(base+tt.sql)
		undeclared, rest := catalog.Undeclared(want, catalog.Diff(want, have))
		names := func(all []catalog.Difference) (names []string) {
			for _, d := range all {
				names = append(names, d.Object)
			}
			return names
		}
		if diff := cmp.Diff(tt.undeclared, names(undeclared)); diff != "" {
			t.Errorf("%s: undeclared: %s", tt.name, diff)
		}
		if diff := cmp.Diff(tt.rest, names(rest)); diff != "" {
			t.Errorf("%s: the rest: %s", tt.name, diff)
		}
	}
}
