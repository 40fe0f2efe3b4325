package state

import "testing"

func TestParseErrors(t *testing.T) {
	const head = "schema \"public\" {\n}\ntable \"runs\" {\n  schema = schema.public\n"
	for _, tt := range []struct {
		name, src, want string
	}{
		{"unclosed", "schema \"public\" {\n", `schema.hcl:1:17: unclosed configuration block: there is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file`},
		{"type typo", head + "  column \"ok\" {\n    type = booleann\n  }\n}\n", `schema.hcl:6:12: unknown column.type: there is no type named "booleann". Did you mean "boolean"?`},
		{"type typo with size", head + "  column \"ok\" {\n    type = vrchar(32)\n  }\n}\n", `schema.hcl:6:12: call to unknown function: there is no function named "vrchar"`},
		{"no such column", head + "  column \"ok\" {\n    type = boolean\n  }\n  index \"i\" {\n    columns = [column.no]\n  }\n}\n", `schema.hcl:9:22: unsupported attribute: this object does not have an attribute named "no"`},
		{"no such schema", "schema \"public\" {\n}\ntable \"runs\" {\n  schema = schema.publik\n}\n", `schema.hcl:4:18: unsupported attribute: this object does not have an attribute named "publik"`},
		{"column without type", head + "  column \"ok\" {\n    null = true\n  }\n}\n", `schema.hcl:3:1: cannot convert table "runs": specutil: nil type`},
		{"index without columns", head + "  column \"ok\" {\n    type = boolean\n  }\n  index \"i\" {\n  }\n}\n", `schema.hcl:8:3: cannot convert table "runs": missing definition for index "i"`},
		{"empty", "# nothing\n", `schema.hcl:1:1: no schema is declared, and everything would be dropped: declare one, such as schema "public" {}`},
		{"double quote in a name", head + "  column \"a\\\"b\" {\n    type = int\n  }\n}\n", `schema.hcl:5:3: column "a\"b": the engine cannot write a name with a double quote in it; choose another, or create it in a migration (new)`},
		{"extension", "schema \"public\" {\n}\nextension \"hstore\" {\n  schema = schema.public\n}\n", `schema.hcl:3:1: extensions are not supported by this version. Use: https://atlasgo.io/getting-started`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse("schema.hcl", []byte(tt.src))
			if err == nil {
				t.Fatal("parse succeeded")
			}
			if err.Error() != tt.want {
				t.Errorf("parse:\n got %s\nwant %s", err, tt.want)
			}
		})
	}
}
