package online

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
)

func TestFilesApart(t *testing.T) {
	u := &table{Schema: "public", Name: "u"}
	ops := []Op{
		{stage: stageBuild, up: []cmd{sql("CREATE INDEX CONCURRENTLY i ON u (a)", "Why.")}, down: []cmd{sql("DROP INDEX CONCURRENTLY i")}},
		{stage: stageAlter, key: "v", up: []cmd{sql("ALTER TABLE v ALTER a DROP EXPRESSION")}, irreversible: "it cannot be"},
		{stage: stageAlter, key: "public.u", up: []cmd{action(u, "ADD COLUMN a int", "One.")}, down: []cmd{action(u, "DROP COLUMN a")}},
		{stage: stageAlter, key: "public.u", up: []cmd{action(u, "ADD COLUMN b int", "Two\nDROP TABLE u.")}, down: []cmd{action(u, "DROP COLUMN b")},
			hazards: []hazard.Hazard{{Kind: hazard.Along, Table: "public.u", What: "why"}, {Kind: hazard.Along, Table: "public.u", What: "why"}}},
		{stage: stageBuild, up: []cmd{sql("CREATE INDEX CONCURRENTLY j ON u (b)")}, down: []cmd{sql("DROP INDEX CONCURRENTLY j")}},
	}
	at := Statement{SQL: "ALTER TABLE public.u\n  ADD COLUMN a int,\n  ADD COLUMN b int", Comment: []string{"One.", "Two\nDROP TABLE u."}, Does: []string{"One.", "Two"}}
	undo := "ALTER TABLE public.u\n  DROP COLUMN b,\n  DROP COLUMN a"
	want := []File{
		{Up: Script{Statements: []Statement{{SQL: "ALTER TABLE v ALTER a DROP EXPRESSION", Does: []string{"ALTER TABLE v ALTER a DROP EXPRESSION"}}}}, Irreversible: "it cannot be"},
		{
			Up:   Script{Statements: []Statement{at}, Hazards: []hazard.Hazard{{Kind: hazard.Along, Table: "public.u", What: "why"}}},
			Down: Script{Statements: []Statement{{SQL: undo, Does: []string{"ALTER TABLE public.u DROP COLUMN b", "ALTER TABLE public.u DROP COLUMN a"}}}},
		},
		{
			Up: Script{TxNone: true, Statements: []Statement{
				{SQL: "CREATE INDEX CONCURRENTLY i ON u (a)", Comment: []string{"Why."}, Does: []string{"Why."}},
				{SQL: "CREATE INDEX CONCURRENTLY j ON u (b)", Does: []string{"CREATE INDEX CONCURRENTLY j ON u (b)"}},
			}},
			Down: Script{TxNone: true, Statements: []Statement{
				{SQL: "DROP INDEX CONCURRENTLY j", Does: []string{"DROP INDEX CONCURRENTLY j"}},
				{SQL: "DROP INDEX CONCURRENTLY i", Does: []string{"DROP INDEX CONCURRENTLY i"}},
			}},
		},
	}
	if diff := cmp.Diff(want, Files(ops), cmp.Comparer(func(a, b fix.Text) bool { return a == b })); diff != "" {
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
