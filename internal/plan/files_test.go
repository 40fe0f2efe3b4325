package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
)

func TestFilesApart(t *testing.T) {
	u := &table{Schema: "public", Name: "u"}
	ops := []op{
		{stage: stageBuild, up: []cmd{sql("CREATE INDEX CONCURRENTLY i ON u (a)", "Why.")}, down: []cmd{sql("DROP INDEX CONCURRENTLY i")}},
		{stage: stageAlter, key: "v", up: []cmd{sql("ALTER TABLE v ALTER a DROP EXPRESSION")}, noWayBack: "it cannot be"},
		{stage: stageAlter, key: "public.u", up: []cmd{action(u, "ADD COLUMN a int", "One.")}, down: []cmd{action(u, "DROP COLUMN a")}},
		{stage: stageAlter, key: "public.u", up: []cmd{action(u, "ADD COLUMN b int", "Two\nDROP TABLE u.")}, down: []cmd{action(u, "DROP COLUMN b")},
			hazards: []hazard.Hazard{{Kind: hazard.Along, Table: "public.u", What: "why"}, {Kind: hazard.Along, Table: "public.u", What: "why"}}},
		{stage: stageBuild, up: []cmd{sql("CREATE INDEX CONCURRENTLY j ON u (b)")}, down: []cmd{sql("DROP INDEX CONCURRENTLY j")}},
	}
	files, err := files(Config{Base: proof.Base{Dir: &migration.Dir{}}, Now: projecttest.Start, Name: "x"}, ops)
	if err != nil {
		t.Fatal(err)
	}
	type text struct{ Name, SQL, Down string }
	var got []text
	for _, f := range files {
		got = append(got, text{f.Name, f.SQL, f.Draft.Down})
	}
	want := []text{
		{"20260102030405_x.sql", "ALTER TABLE v ALTER a DROP EXPRESSION;\n", "-- alembic:down none it cannot be\n\n"},
		{"20260102030406_x_2.sql", `-- BLOCKS public.u: why.

-- One.
-- Two DROP TABLE u.
ALTER TABLE public.u
  ADD COLUMN a int,
  ADD COLUMN b int;
`, `ALTER TABLE public.u
  DROP COLUMN b,
  DROP COLUMN a;
`},
		{"20260102030407_x_3.sql", `-- atlas:txmode none

-- Why.
CREATE INDEX CONCURRENTLY i ON u (a);

CREATE INDEX CONCURRENTLY j ON u (b);
`, `-- atlas:txmode none

DROP INDEX CONCURRENTLY j;

DROP INDEX CONCURRENTLY i;
`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestHazardComment has two columns of a table whose type changes: each is said whole.
func TestHazardComment(t *testing.T) {
	var list []hazard.Hazard
	for _, name := range []string{"a", "B c"} {
		c := hazard.TypeChange{
			Table: "public.u", Column: name,
			From: hazard.Type{Name: "bigint"}, To: hazard.Type{Name: "integer"}, Seen: hazard.Seen{Rewrites: true},
			New: fix.Column{Table: fix.Table{Name: "public.u"}, Name: pgsql.Ident(name + "_new"), Type: "integer"}, Outline: true,
		}
		list = append(append(list, c.Cost()...), c.Values()...)
	}
	const want = `-- REWRITES public.u: the type of a changes from bigint to integer, which rewrites every row and every index.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of a does not fit into integer; such rows:
--   SELECT * FROM public.u WHERE a NOT BETWEEN -2147483648 AND 2147483647 LIMIT 100;
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.u ADD COLUMN a_new integer;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.u SET a_new = a WHERE ...;
-- let it read a_new, and drop a when nobody uses it any more.
-- REWRITES public.u: the type of "B c" changes from bigint to integer, which rewrites every row and every index.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of "B c" does not fit into integer; such rows:
--   SELECT * FROM public.u WHERE "B c" NOT BETWEEN -2147483648 AND 2147483647 LIMIT 100;
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.u ADD COLUMN "B c_new" integer;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.u SET "B c_new" = "B c" WHERE ...;
-- let it read "B c_new", and drop "B c" when nobody uses it any more.

`
	if diff := cmp.Diff(want, hazardComment(once(append(list, list...)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLayOut(t *testing.T) {
	for _, tt := range []struct{ stmt, want string }{
		{`CREATE TABLE "t" ("a" int, "b" int)`, `CREATE TABLE "t" ("a" int, "b" int)`},
		{"ALTER TABLE \"s\".\"t\" ADD\n  CONSTRAINT \"c\" CHECK (a IN (1, 2))", `ALTER TABLE "s"."t" ADD CONSTRAINT "c" CHECK (a IN (1, 2))`},
		{`ALTER TABLE "t" DROP COLUMN "a", ADD COLUMN "b" numeric(1, 2) DEFAULT '1, 2'`, "ALTER TABLE \"t\"\n  DROP COLUMN \"a\",\n  ADD COLUMN \"b\" numeric(1, 2) DEFAULT '1, 2'"},
		{"ALTER TABLE \"t\" ALTER COLUMN \"a\" SET DEFAULT 'x\n  y', ALTER COLUMN \"b\" DROP DEFAULT", "ALTER TABLE \"t\"\n  ALTER COLUMN \"a\" SET DEFAULT 'x\n  y',\n  ALTER COLUMN \"b\" DROP DEFAULT"},
	} {
		if diff := cmp.Diff(tt.want, layOut(tt.stmt)); diff != "" {
			t.Errorf("layOut(%s) (-want +got):\n%s", tt.stmt, diff)
		}
	}
}
