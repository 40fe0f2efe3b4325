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

// What the plan drops, or creates again, is not left alone; neither is it for check, which reports that plan must be
// run.
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

// Names with a backslash or a line break are written differently in a catalog's text and in SQL.
func TestNamesThatATextEscapes(t *testing.T) {
	const base = `CREATE TABLE "a\b" (id serial PRIMARY KEY, "c` + "\n" + `d" int, n int);
ALTER SEQUENCE "a\b_id_seq" CACHE 7;
CREATE INDEX "i\x" ON "a\b" (n) WITH (fillfactor = 70);
`
	const hcl = `schema "public" {
}
table "a\\b" {
  schema = schema.public
  column "id" {
    type = serial
  }
  column "c\nd" {
    type = int
    null = true
  }
  column "n" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  index "i\\x" {
    columns = [column.n]
  }
}
`
	p := newProject(t)
	p.Write(map[string]string{"20260101000000_base.sql": base})
	p.HCL = []byte(hcl)
	pl, err := plan.Make(t.Context(), p.config())
	if err != nil || len(pl.Files) > 0 {
		t.Fatalf("%+v, %v", pl, err)
	}
	want := `1 index with storage parameters (public."a\b"."i\x")` + "\n" + `1 sequence with options (public."a\b_id_seq")` + "\n"
	if diff := cmp.Diff(want, outside(pl.Outside)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	p.HCL = []byte(strings.Replace(strings.Replace(hcl, "column \"n\" {\n    type = int", "column \"n\" {\n    type = bigint", 1), "type = serial", "type = bigserial", 1))
	p.plan()
	r, err := Check(t.Context(), p.Base())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		if f.Kind != "effect" && f.Kind != "down" || !strings.HasPrefix(strings.TrimPrefix(strings.TrimPrefix(f.File, "effect/"), "down/"), "20260101000000_base") {
			t.Errorf("%+v", f)
		}
	}
}
