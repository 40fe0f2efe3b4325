package plan

import (
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

func TestFilesApart(t *testing.T) {
	changes := []*migrate.Change{
		{Cmd: `CREATE TABLE "t" ()`, Reverse: `DROP TABLE "t"`, Comment: `create "t" table`},
		{Cmd: `CREATE INDEX CONCURRENTLY "i" ON "u" ("a")`, Reverse: `DROP INDEX CONCURRENTLY "i"`, Comment: `create index "i" to table: "u"`},
		{Cmd: `CREATE INDEX CONCURRENTLY "j" ON "u" ("b")`, Reverse: `DROP INDEX CONCURRENTLY "j"`, Comment: "create index \"j\"\nDROP TABLE x"},
		{Cmd: `ALTER TABLE "v" ADD COLUMN "a" int`, Comment: `modify "v" table`},
	}
	files, err := files(Config{Dir: &migration.Dir{}, Now: start, Name: "x"}, changes)
	if err != nil {
		t.Fatal(err)
	}
	type text struct{ Name, SQL, Down string }
	var got []text
	for _, f := range files {
		got = append(got, text{f.Name, f.SQL, f.Draft.Down})
	}
	want := []text{
		{"20260102030405_x.sql", `-- Create "t" table
CREATE TABLE "t" ();
`, `-- Reverse: create "t" table
DROP TABLE "t";
`},
		{"20260102030406_x_2.sql", `-- atlas:txmode none

-- Create index "i" to table: "u"
CREATE INDEX CONCURRENTLY "i" ON "u" ("a");

-- Create index "j" DROP TABLE x
CREATE INDEX CONCURRENTLY "j" ON "u" ("b");
`, `-- atlas:txmode none

-- Reverse: create index "j" DROP TABLE x
DROP INDEX CONCURRENTLY "j";

-- Reverse: create index "i" to table: "u"
DROP INDEX CONCURRENTLY "i";
`},
		{"20260102030407_x_3.sql", `-- Modify "v" table
ALTER TABLE "v" ADD COLUMN "a" int;
`, `-- alembic:down none PostgreSQL cannot take back: modify "v" table

`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
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
