package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
)

// A file begins with its directive and hazards, and each statement with its comment.
func TestFiles(t *testing.T) {
	hazards := []hazard.Hazard{{Kind: hazard.Along, Table: "public.u", What: "why"}}
	files, err := files(Config{Base: proof.Base{Dir: &migration.Dir{}}, Now: projecttest.Start, Name: "x"}, []online.File{
		{Irreversible: "it cannot be", Up: online.Script{Statements: []online.Statement{{SQL: "ALTER TABLE v ALTER a DROP EXPRESSION"}}}},
		{Up: online.Script{Hazards: hazards, Statements: []online.Statement{{SQL: "DROP TABLE t", Comment: []string{"One.", "Two\nDROP TABLE u."}}}}},
		{Up: online.Script{TxNone: true, Statements: []online.Statement{{SQL: "A"}, {SQL: "B"}}},
			Down: online.Script{TxNone: true, Statements: []online.Statement{{SQL: "C"}}}},
	})
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
		{"20260102030406_x_2.sql", "-- BLOCKS public.u: why.\n\n-- One.\n-- Two DROP TABLE u.\nDROP TABLE t;\n",
			"-- Nothing to revert: the schema is the same before and after.\n"},
		{"20260102030407_x_3.sql", "-- atlas:txmode none\n\nA;\n\nB;\n", "-- atlas:txmode none\n\nC;\n"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Two columns of a table change their type: the hazards of both are complete.
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
-- Reads and writes of the table wait until it is done, and the disk holds a second copy of it meanwhile.
-- Fails if a value of a doesn't fit in integer; offending rows:
--   SELECT * FROM public.u WHERE a NOT BETWEEN -2147483648 AND 2147483647 LIMIT 100;
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.u ADD COLUMN a_new integer;
-- deploy an application that writes both columns, fill existing rows in batches with
--   UPDATE public.u SET a_new = a WHERE ...;
-- make it read a_new, then drop a once nothing uses it.
-- REWRITES public.u: the type of "B c" changes from bigint to integer, which rewrites every row and every index.
-- Reads and writes of the table wait until it is done, and the disk holds a second copy of it meanwhile.
-- Fails if a value of "B c" doesn't fit in integer; offending rows:
--   SELECT * FROM public.u WHERE "B c" NOT BETWEEN -2147483648 AND 2147483647 LIMIT 100;
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.u ADD COLUMN "B c_new" integer;
-- deploy an application that writes both columns, fill existing rows in batches with
--   UPDATE public.u SET "B c_new" = "B c" WHERE ...;
-- make it read "B c_new", then drop "B c" once nothing uses it.

`
	if diff := cmp.Diff(want, hazardComment(list)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
