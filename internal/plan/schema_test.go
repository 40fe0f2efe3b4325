package plan

import (
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A schema that the file doesn't declare is dropped with its tables, unless it holds something else.
func TestSchemaOutsideStays(t *testing.T) {
	const declared = "schema \"public\" {\n}\ntable \"p\" {\n  schema = schema.public\n  column \"a\" {\n    type = int\n    null = true\n  }\n" +
		"  partition {\n    type    = RANGE\n    columns = [column.a]\n  }\n}\ntable \"base\" {\n  schema = schema.public\n  column \"a\" {\n    type = int\n    null = true\n  }\n}\n"
	for _, tt := range []struct {
		name, sql string
		kept      bool
	}{
		{"empty", "", false},
		{"table", `CREATE TABLE "Old"."user" (id serial, "Mood" "Old".mood)`, false},
		{"partition", `CREATE TABLE "Old"."select" PARTITION OF p FOR VALUES FROM (1) TO (2)`, true},
		{"partitioned partition", `CREATE TABLE "Old".sub PARTITION OF p DEFAULT PARTITION BY LIST (a)`, true},
		{"child table", `CREATE TABLE "Old"."Child" (b int) INHERITS (base)`, true},
		{"typed table", `CREATE TABLE "Old".typed OF pair`, true},
		{"typed table and a table", `CREATE TABLE "Old".typed OF pair; CREATE TABLE "Old".t (a int)`, true},
		{"default privileges", `ALTER DEFAULT PRIVILEGES IN SCHEMA "Old" GRANT SELECT ON TABLES TO grants_reader`, true},
		{"view", `CREATE VIEW "Old".v AS SELECT 1 AS a`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.Write(map[string]string{"20250101000000_before.sql": `CREATE SCHEMA "Old"; CREATE TYPE "Old".mood AS ENUM ('a'); CREATE TYPE pair AS (a int, b text);
CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE base (a int);
` + tt.sql + ";\n"})
			p.HCL = []byte(declared)
			pl := p.plan()
			var all strings.Builder
			for _, f := range pl.Files {
				all.WriteString(f.SQL)
			}
			if got := !strings.Contains(all.String(), `DROP SCHEMA "Old"`); got != tt.kept {
				t.Errorf("the schema stays: %v, want %v:\n%s", got, tt.kept, all.String())
			}
			base := p.Base()
			files := base.Dir.Files()
			s, err := state.Replay(t.Context(), base.Server, base.Dir, len(files)-1, base.Options)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			left := map[string]bool{}
			for l := range s.Catalog.All() {
				if schema, _, ok := strings.Cut(l.Name, "."); ok && schema == `"Old"` && (l.Kind == "table" || l.Kind == "view" || l.Kind == "enum") {
					left[l.Kind+" "+l.Name] = true
				}
			}
			if left[`enum "Old".mood`] || left[`table "Old".t`] || left[`table "Old"."user"`] {
				t.Errorf("what the file does not declare is there: %v", left)
			}
			if _, ok := s.Catalog.Def("schema", `"Old"`); ok != tt.kept {
				t.Errorf("the schema is there: %v", ok)
			}
			differences, err := proof.Differences(t.Context(), base, s)
			if err != nil || len(differences) > 0 {
				t.Errorf("%v %v", differences, err)
			}
			if tt.kept && len(pl.Outside) == 0 {
				t.Error("the plan names nothing outside the schema file")
			}
		})
	}
}
