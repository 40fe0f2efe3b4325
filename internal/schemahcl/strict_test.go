package schemahcl

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/ibutsu/ibutsu-schema/internal/testcase"
)

// In src, "@" stands for testcase.TableHCL.
type strictTest struct {
	name, src string
	want      string // one error a line, without the file's name
}

var strictTests = []strictTest{
	{
		name: "clean",
		src: `@}
`,
	},
	{
		name: "all at once, in order",
		src: `foo = 1
@  nul = true
  indx "i" {
    columns = [column.a]
  }
  column "x" {
    type = text
    nul  = true
  }
}
`,
		want: `
1:1: unknown attribute "foo" in the file; known: none
16:3: unknown attribute "nul" in table "t"; known: "comment", "schema"
17:3: unknown block "indx" in table "t": did you mean "index"?
22:5: unknown attribute "nul" in column "x": did you mean "null"?
`,
	},
	{
		name: "values of the wrong type",
		src: `@  comment = 5
  column "b" {
    type    = "int"
    null    = "yes"
    default = [1]
    comment = true
  }
  column "c" {
    type    = text
    null    = 1
    default = {}
  }
  column "d" {
    type    = int
    null    = yes
    default = now
    identity {
      generated = SOMETIMES
      start     = 0
      increment = "1"
    }
  }
  index "i" {
    columns        = column.a
    unique         = "true"
    type           = gin
    nulls_distinct = 0
    where          = ""
    include        = []
    page_per_range = -1
  }
  index "j" {
    on {
      column = "a"
      desc   = "yes"
      ops    = true
    }
    on {
      expr = lower
    }
    type = sql("gin")
  }
  foreign_key "f" {
    columns     = ["a"]
    ref_columns = [table.other]
    on_delete   = true
    on_update   = "CASCADDE"
  }
  partition {
    type    = "ranges"
    columns = [column.a]
  }
}
enum "e" {
  schema = "public"
  values = "x"
}
enum "f" {
  schema = schema.public
  values = [1, "x", "x"]
}
`,
		want: `
15:13: "comment" in table "t" must be a string
17:15: "type" in column "b" must be a type, such as text, enum.NAME or sql("text[]")
18:15: "null" in column "b" must be true or false
19:15: "default" in column "b" must be a string, a number, true, false, or an SQL expression such as sql("now()")
20:15: "comment" in column "b" must be a string
24:15: "null" in column "c" must be true or false
25:15: "default" in column "c" must be a string, a number, true, false, or an SQL expression such as sql("now()")
29:15: "null" in column "d" must be true or false
30:15: "default" in column "d" must be a string, a number, true, false, or an SQL expression such as sql("now()")
32:19: "generated" in identity of column "d" must be ALWAYS or BY_DEFAULT, not SOMETIMES
34:19: "increment" in identity of column "d" must be an integer other than 0, which the engine takes for the default
38:22: "columns" in index "i" must be a list of columns, such as [column.id]
39:22: "unique" in index "i" must be true or false
40:22: unknown index type "gin" in index "i": did you mean "GIN"?
41:22: "nulls_distinct" in index "i" must be true or false
42:22: "where" in index "i" must be a string with an SQL expression
43:22: "include" in index "i" must be a list of columns, such as [column.id]
44:5: attribute "page_per_range" in index "i" requires type = BRIN
44:22: "page_per_range" in index "i" must be an integer of 0 or more
48:16: "column" in on of index "j" must refer to a column, such as column.id
49:16: "desc" in on of index "j" must be true or false
50:16: "ops" in on of index "j" must be an operator class, such as jsonb_path_ops, or sql("gist_trgm_ops(siglen=32)")
53:14: "expr" in on of index "j" must be a string with an SQL expression
55:12: "type" in index "j" must be the name of an access method, such as GIN
58:20: "columns" in foreign_key "f" must refer to a column, such as column.id
59:20: "ref_columns" in foreign_key "f" must refer to a column, such as table.other.column.id
60:19: "on_delete" in foreign_key "f" must be NO_ACTION, RESTRICT, CASCADE, SET_NULL or SET_DEFAULT
61:19: "on_update" in foreign_key "f" must be NO_ACTION, RESTRICT, CASCADE, SET_NULL or SET_DEFAULT, not CASCADDE
64:15: "type" in partition of table "t" must be RANGE, LIST or HASH, not ranges
69:12: "schema" in enum "e" must refer to a schema block, such as schema.public
70:12: "values" in enum "e" must be a list of strings, such as ["new", "done"]
74:13: "values" in enum "f" must be a list of strings
74:21: duplicate value "x" in enum "f"
`,
	},
	{
		name: "types",
		src: `@  column "b" {
    type = booleann
  }
  column "c" {
    type = vrchar(32)
  }
  column "d" {
    type = int(3)
  }
  column "e" {
    type = varchar(0)
  }
  column "f" {
    type = numeric(10, 2, 3)
  }
  column "g" {
    type = numeric("x", -2)
  }
  column "h" {
    type = table.other
  }
  column "i" {
    type = timestamp(0)
  }
  column "j" {
    type = float(0)
  }
  column "k" {
    type = array(text)
  }
  column "l" {
    type = null
  }
}
`,
		want: `
16:12: unknown type "booleann" in column "b": did you mean "boolean"?
19:12: unknown type "vrchar" in column "c": did you mean "varchar"?
22:12: type "int" in column "d" takes no arguments
25:20: the size of type "varchar" in column "e" must be an integer of 1 or more
28:27: type "numeric" in column "f" takes at most 2 arguments
31:20: the precision of type "numeric" in column "g" must be an integer of 1 or more
34:12: "type" in column "h" must be a type, such as text, enum.NAME or sql("text[]")
40:18: the precision of type "float" in column "j" must be an integer of 1 or more
43:12: unknown type "array" in column "k"
`,
	},
	{
		name: "defaults",
		src: `@  column "b" {
    type    = serial
    default = sql("5")
  }
  column "c" {
    type    = timestamptz(3)
    default = "now()"
  }
  column "d" {
    type    = date
    default = "Today"
  }
  column "e" {
    type    = text
    default = "now()"
  }
  column "f" {
    type    = timestamp
    default = sql("now()")
  }
  column "g" {
    type    = bigserial
    default = null
  }
}
`,
		want: `
17:5: attribute "default" in column "b": serial already implies a default; remove it, or use an integer type
21:15: default "now()" in column "c" is evaluated only once, when the migration runs; write an SQL expression, such as sql("now()")
25:15: default "Today" in column "d" is evaluated only once, when the migration runs; write an SQL expression, such as sql("now()")
`,
	},
	{
		name: "references",
		src: `schema "s" {
}
@  column "note" {
    type = enum.stat
  }
  column "h" {
    type = enum["my state"]
  }
  column "i" {
    type = enum.s.mood
  }
  index "i" {
    columns = [column.nte, column["no such"]]
  }
  index "j" {
    columns = [table.other.column.a]
  }
  index "k" {
    columns = [table.other.column.id, table.t.column.a]
    include = [table.x.column.id]
  }
  foreign_key "f" {
    columns     = [column.a, column.note]
    ref_columns = [table.othr.column.id, column.a]
  }
  foreign_key "g" {
    columns     = [column.a]
    ref_columns = [table.other.column.id, table.other.column.ide]
  }
  foreign_key "h" {
    columns     = [column.a, column.note]
    ref_columns = [table.other.column.id, table.t.column.a]
  }
  foreign_key "i" {
    columns     = [column.a]
    ref_columns = [table.twice.column.id]
  }
  foreign_key "j" {
    columns     = [column.a]
    ref_columns = [table.full.column.id]
  }
  foreign_key "k" {
    columns     = [column.a]
    ref_columns = [table.s.full.column.id]
  }
  foreign_key "l" {
    columns     = [column.a]
    ref_columns = [table.half.column.id]
  }
  foreign_key "m" {
    columns     = [column.a]
    ref_columns = [table["odd $${x}"].column.id]
  }
}
table "twice" {
  schema = schema.publik
  column "id" {
    type = int
  }
}
table "twice" {
  schema = schema.s
  column "id" {
    type = int
  }
}
table "s" "full" {
  schema = schema.s
  column "id" {
    type = int
  }
}
table "half" {
  schema = schema.s
  column "id" {
    type = int
  }
}
table "public" "half" {
  schema = schema.public
  column "id" {
    type = int
  }
}
table "s" "odd $${x}" {
  schema = schema.s
  column "id" {
    type = int
  }
}
enum "state" {
  schema = schema.s
  values = []
}
enum "my state" {
  schema = schema.s
  values = []
}
enum "s" "mood" {
  schema = schema.s
  values = []
}
`,
		want: `
18:12: there is no enum block "stat": did you mean "state"?
21:12: the engine cannot refer to enum "my state": write type = sql("\"s\".\"my state\"")
24:12: the engine cannot refer to enum "mood": write type = sql("\"s\".\"mood\"")
27:16: there is no column "nte" in table "t": did you mean "note"?
30:16: the columns of "columns" in index "j" must belong to its own table: the engine would read this as column.a
33:16: the columns of "columns" in index "k" must belong to its own table: the engine would read this as column.id
34:16: there is no table block "x"; known: "full", "half", "odd ${x}", "other", "t", "twice"
38:20: there is no table block "othr": did you mean "other"?
42:19: foreign_key "g" has 1 "columns" but 2 "ref_columns"
42:43: there is no column "ide" in table "other": did you mean "id"?
46:19: the columns of "ref_columns" in foreign_key "h" must belong to one table
50:20: several table blocks are named "twice": add the schema as the first label of each, and refer to table.SCHEMA.twice
54:20: table "full" is labeled with its schema: refer to table.s.full
62:20: several table blocks are named "half": add the schema as the first label of each, and refer to table.SCHEMA.half
66:20: table "odd ${x}" is labeled with its schema: refer to table.s["odd $${x}"]
70:12: there is no schema block "publik": did you mean "public"?
`,
	},
	{
		name: "BRIN only",
		src: `@  index "i" {
    columns        = [column.a]
    page_per_range = 128
  }
  index "j" {
    columns        = [column.a]
    type           = "brin"
    page_per_range = 16
  }
  index "k" {
    columns         = [column.a]
    type            = BRIN
    pages_per_range = 16
  }
}
`,
		want: `
17:5: attribute "page_per_range" in index "i" requires type = BRIN
27:5: attribute "pages_per_range" in index "k": the engine calls it page_per_range
`,
	},
	{
		name: "access methods of extensions",
		src: `@  index "i" {
    columns = [column.a]
    type    = "hnsw"
  }
}
`,
	},
}

func TestStrict(t *testing.T) {
	for _, tt := range slices.Concat(strictTests, strictShapeTests) {
		t.Run(tt.name, func(t *testing.T) {
			src := strings.ReplaceAll(tt.src, "@", testcase.TableHCL)
			got := ""
			if err := strict("schema.hcl", ParseBody(t, []byte(src))); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(strings.TrimSpace(tt.want), strings.ReplaceAll(got, "schema.hcl:", "")); diff != "" {
				t.Errorf("strict (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzStrict(f *testing.F) {
	for _, tt := range slices.Concat(strictTests, strictShapeTests) {
		f.Add([]byte(strings.ReplaceAll(tt.src, "@", testcase.TableHCL)))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		file, diags := hclsyntax.ParseConfig(src, "schema.hcl", hcl.InitialPos)
		if !diags.HasErrors() {
			_ = strict("schema.hcl", file.Body.(*hclsyntax.Body)) // it must not panic
		}
	})
}
