package history

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

func outside(list []state.Outside) string {
	var b strings.Builder
	for _, o := range list {
		b.WriteString(o.String() + "\n")
	}
	return b.String()
}

// What the plan drops, or makes anew, is not left alone; nor is it for check, which says that plan is to be run.
func TestOutsideIsNotWhatIsDropped(t *testing.T) {
	const table = "schema \"public\" {\n}\ntable \"T: x\" {\n  schema = schema.public\n  column \"a\" {\n    type = int\n  }\n  column \"b\" {\n    type = int\n  }\n"
	const index = "  index \"I.x\" {\n    columns = [column.a]\n  }\n"
	const made = `CREATE TABLE "T: x" (a int NOT NULL, b int NOT NULL); CREATE INDEX "I.x" ON "T: x" (a) WITH (fillfactor = 70);
CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p DEFAULT;
ALTER TABLE "T: x" ADD CONSTRAINT "U" UNIQUE (b) DEFERRABLE;
GRANT SELECT ON "T: x" TO kinds_reader; GRANT SELECT ON p TO kinds_reader;
`
	const parted = "table \"p\" {\n  schema = schema.public\n  column \"a\" {\n    type = int\n    null = true\n  }\n  partition {\n    type    = LIST\n    columns = [column.a]\n  }\n}\n"
	const unique = "  unique \"U\" {\n    columns = [column.b]\n  }\n"
	const grants = "2 grants (SELECT on table public.\"T: x\" to kinds_reader, SELECT on table public.p to kinds_reader)\n"
	const one = "1 grant (SELECT on table public.p to kinds_reader)\n"
	const key, fill, part = "1 deferrable constraint (public.\"T: x\".\"U\")\n", "1 index with storage parameters (public.\"T: x\".\"I.x\")\n", "1 partition (public.p1)\n"
	for _, tt := range []struct{ name, sql, hcl, plan, check string }{
		{"nothing", "", table + index + unique + "}\n" + parted, key + grants + fill + part, key + grants + fill + part},
		{"the index", "", table + unique + "}\n" + parted, key + grants + part, key + grants + part},
		{"the index's columns", "", table + strings.Replace(index, "[column.a]", "[column.a, column.b]", 1) + unique + "}\n" + parted, key + grants + part, key + grants + part},
		{"the table", "", "schema \"public\" {\n}\n" + parted, one + part, one + part},
		{"an INVALID index", "CREATE INDEX \"V\" ON ONLY p (a);\n", table + index + unique + "}\n" + parted, key + grants + fill + part, key + grants + fill + part},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.Write(map[string]string{"20260101000000_base.sql": made + tt.sql})
			p.HCL = []byte(tt.hcl)
			pl, err := plan.Make(t.Context(), p.config())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.plan, outside(pl.Outside)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			r, err := Check(t.Context(), p.Base())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.check, outside(r.Outside)); diff != "" {
				t.Errorf("check (-want +got):\n%s", diff)
			}
		})
	}
}
