package schemahcl

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseErrors(t *testing.T) {
	const head = "schema \"public\" {\n}\ntable \"runs\" {\n  schema = schema.public\n"
	for _, tt := range []struct {
		name, src, want string
	}{
		{"unclosed", "schema \"public\" {\n", `schema.hcl:1:17: unclosed configuration block: there is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file`},
		{"conflict", head + "<<<<<<< HEAD\n  column \"ok\" {\n    type = int\n  }\n=======\n  column \"ok\" {\n    type = bigint\n  }\n>>>>>>> main\n}\n", `schema.hcl:5:1: git's conflict markers: resolve the conflict`},
		{"type typo", head + "  column \"ok\" {\n    type = booleann\n  }\n}\n", `schema.hcl:6:12: unknown type "booleann" in column "ok": did you mean "boolean"?`},
		{"type typo with size", head + "  column \"ok\" {\n    type = vrchar(32)\n  }\n}\n", `schema.hcl:6:12: unknown type "vrchar" in column "ok": did you mean "varchar"?`},
		{"no such column", head + "  column \"ok\" {\n    type = boolean\n  }\n  index \"i\" {\n    columns = [column.no]\n  }\n}\n", `schema.hcl:9:16: there is no column "no" in table "runs"; known: "ok"`},
		{"no such schema", "schema \"public\" {\n}\ntable \"runs\" {\n  schema = schema.publik\n}\n", `schema.hcl:4:12: there is no schema block "publik": did you mean "public"?`},
		{"column without type", head + "  column \"ok\" {\n    null = true\n  }\n}\n", `schema.hcl:5:3: column "ok" needs "type"`},
		{"index without columns", head + "  column \"ok\" {\n    type = boolean\n  }\n  index \"i\" {\n  }\n}\n", `schema.hcl:8:3: index "i" needs "columns" or "on"`},
		{"empty", "# nothing\n", `schema.hcl:1:1: no schema is declared, so everything would be dropped: declare one, such as schema "public" {}`},
		{"extension", "schema \"public\" {\n}\nextension \"hstore\" {\n  schema = schema.public\n}\n", `schema.hcl:3:1: block extension "hstore" in the file: the engine does not manage extensions; write it as SQL in a migration (new), and remove it from this file`},
		{"nested", "schema \"public\" {\n  comment = " + strings.Repeat("(", 100_000), `schema.hcl:2:112: brackets, blocks and templates are nested more than 100 deep`},
		{"locals that grow", "locals {\n  a = \"" + strings.Repeat("x", 1000) + "\"\n  b = \"" + strings.Repeat("${local.a}", 100) + "\"\n  c = \"" + strings.Repeat("${local.b}", 100) + "\"\n}\nschema \"public\" {\n  comment = local.c\n}\n", `schema.hcl:4:7: this may give a value of more than 1048576 bytes`},
		{"print", "schema \"public\" {\n  comment = print(\"x\")\n}\n", `schema.hcl:2:13: the function print is not supported`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("schema.hcl", []byte(tt.src))
			if err == nil {
				t.Fatal("Parse succeeded")
			}
			if err.Error() != tt.want {
				t.Errorf("Parse:\n got %s\nwant %s", err, tt.want)
			}
		})
	}
}

// The arguments of types are small, and the limits leave room for as many as there may be.
func TestParseManyTypes(t *testing.T) {
	var src strings.Builder
	src.WriteString("schema \"public\" {\n}\ntable \"t\" {\n  schema = schema.public\n")
	const columns = 5000
	for i := range columns {
		fmt.Fprintf(&src, "  column \"c%d\" {\n    type = %s\n  }\n", i, []string{"numeric(10, 2)", "character_varying(255)", "timestamptz(6)", "bit(1)"}[i%4])
	}
	src.WriteString("}\n")
	d, err := Parse("schema.hcl", []byte(src.String()))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(d.Realm.Schemas[0].Tables[0].Columns); n != columns {
		t.Errorf("%d columns", n)
	}
}
