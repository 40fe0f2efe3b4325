package schemahcl

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/ibutsu/ibutsu-schema/internal/testcase"
)

// In src, "@" stands for testcase.TableHCL.
var strictTests = []struct {
	name, src string
	want      string // one error a line, without the file's name
}{
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
		name: "names of the table",
		src: `@  index "i" {
    columns = [column.a]
    typ     = GIN
    unqiue  = true
  }
  foreign_key "f" {
    columns     = [column.a]
    ref_columns = [table.other.column.id]
    on_remove   = CASCADE
    defferable  = true
  }
  check "c" {
    expression = "a > 0"
  }
}
`,
		want: `
17:5: unknown attribute "typ" in index "i": did you mean "type"?
18:5: unknown attribute "unqiue" in index "i": did you mean "unique"?
23:5: unknown attribute "on_remove" in foreign_key "f"; known: "columns", "on_delete", "on_update", "ref_columns"
24:5: unknown attribute "defferable" in foreign_key "f"; known: "columns", "on_delete", "on_update", "ref_columns"
26:3: check "c" needs "expr"
27:5: unknown attribute "expression" in check "c"; known: "expr"
`,
	},
	{
		name: "names inside of columns",
		src: `@  column "i" {
    type = int
    identity {
      generated = ALWAYS
      startt    = 5
      cache     = 5
    }
  }
  column "g" {
    type = int
    as {
      exp  = "a + 1"
      type = VIRTUAL
    }
  }
  column "h" {
    type      = int
    collate   = "C"
    character = "utf8"
    default "d" {
      as = 5
    }
  }
}
`,
		want: `
19:7: unknown attribute "startt" in identity of column "i": did you mean "start"?
20:7: attribute "cache" in identity of column "i": the engine ignores it; write it as SQL in a migration (new), and remove it from this file
25:5: as of column "g" needs "expr"
26:7: unknown attribute "exp" in as of column "g": did you mean "expr"?
27:14: "type" in as of column "g" must be STORED, not VIRTUAL
32:5: attribute "collate" in column "h": the engine ignores it; write it with the type, such as type = sql("text COLLATE \"C\"")
33:5: unknown attribute "character" in column "h"; known: "as", "comment", "default", "null", "type"
34:5: block default "d" in column "h": the engine ignores it; write it as an attribute, default = ...
`,
	},
	{
		name: "parts of indexes",
		src: `@  index "i" {
    on {
      column     = column.a
      opclass    = text_ops
      dsc        = true
      collate    = "C"
      nulls_frst = true
    }
    on {
      column = column.a
      expr   = "a + 1"
    }
    on {
      nulls_first = true
      nulls_last  = true
      column      = column.a
      on {
      }
    }
  }
  index "j" {
    columns = [column.a]
    on {
      column = column.a
    }
    fillfactor   = 70
    concurrently = true
    index {
    }
  }
  index "k" {
  }
}
`,
		want: `
18:7: unknown attribute "opclass" in on of index "i"; known: "column", "desc", "expr", "nulls_first", "nulls_last", "ops"
19:7: unknown attribute "dsc" in on of index "i": did you mean "desc"?
20:7: attribute "collate" in on of index "i": the engine ignores it; write it with the column, such as expr = "name COLLATE \"C\""
21:7: unknown attribute "nulls_frst" in on of index "i": did you mean "nulls_first"?
23:5: on of index "i" has "column" and "expr": only one of them is allowed
29:7: on of index "i" has "nulls_first" and "nulls_last": only one of them is allowed
31:7: unknown block "on" in on of index "i"; known: none
35:3: index "j" has "columns" and "on": only one of them is allowed
40:5: attribute "fillfactor" in index "j": the engine ignores it; write it as SQL in a migration (new), and remove it from this file
41:5: attribute "concurrently" in index "j": the engine ignores it; plan always builds indexes on existing tables concurrently
42:5: unknown block "index" in index "j"; known: "on"
45:3: index "k" needs "columns" or "on"
`,
	},
	{
		name: "attributes that only indexes have",
		src: `@  unique "u" {
    unique = false
    where  = "a > 0"
    on {
      column = column.a
      desc   = true
    }
    deferrable = true
  }
  check "c" {
    expr       = "a > 0"
    no_inherit = true
    comment    = "x"
  }
  foreign_key "f" {
    columns     = [column.a]
    ref_columns = [table.other.column.id]
    deferrable  = true
  }
  primary_key "k" {
    columns = [column.a]
    comment = "x"
  }
  exclude "e" {
    type = GIST
  }
  index = 5
}
`,
		want: `
16:5: attribute "unique" in unique "u": the engine ignores it; a unique constraint is unique
17:5: attribute "where" in unique "u": a unique constraint cannot have it; write an index "NAME" with unique = true
20:7: attribute "desc" in on of unique "u": a unique constraint cannot have it; write an index "NAME" with unique = true
22:5: attribute "deferrable" in unique "u": the engine ignores it; write it as SQL in a migration (new), and remove it from this file
26:5: attribute "no_inherit" in check "c": the engine ignores it; write it as SQL in a migration (new), and remove it from this file
27:5: attribute "comment" in check "c": the engine ignores it; write it as SQL in a migration (new), and remove it from this file
32:5: attribute "deferrable" in foreign_key "f": the engine ignores it; write it as SQL in a migration (new), and remove it from this file
36:5: attribute "comment" in primary_key "k": the engine ignores it; write it as SQL in a migration (new), and remove it from this file
38:3: block exclude "e" in table "t": the engine ignores it; write it as SQL in a migration (new), and remove it from this file
41:3: attribute "index" in table "t": the engine ignores it; write it as a block, index { }
`,
	},
	{
		name: "primary key with on",
		src: `@  primary_key {
    on {
      column = column.a
    }
  }
}
`,
		want: `
15:3: primary_key of table "t" needs "columns"
16:5: block on in primary_key of table "t": a primary key consists of columns; write columns = [column.NAME]
`,
	},
	{
		name: "parts of tables",
		src: `@  depends_on = [table.other]
  unlogged   = true
  row_security {
    enabled = true
  }
  storage_params {
    fillfactor = 50
  }
  for_each = ["x"]
  dynamic "column" {
  }
}
`,
		want: `
15:3: attribute "depends_on" in table "t": it has no effect, because tables are created in the order of their foreign keys
16:3: attribute "unlogged" in table "t": the engine ignores it; write it as SQL in a migration (new), and remove it from this file
17:3: block row_security in table "t": the engine ignores it; write it as SQL in a migration (new), and remove it from this file
20:3: block storage_params in table "t": the engine ignores it; write it as SQL in a migration (new), and remove it from this file
23:3: attribute "for_each" in table "t": every copy would have the same name; write a block for each
24:3: block dynamic "column" in table "t": the engine ignores dynamic blocks; write a block for each
`,
	},
	{
		name: "kinds that the engine does not manage",
		src: `@}
view "x" {
}
materialized "x" {
}
function "x" {
}
procedure "x" {
}
trigger "x" {
}
event_trigger "x" {
}
policy "x" {
}
extension "x" {
}
sequence "x" {
}
domain "x" {
}
composite "x" {
}
range "x" {
}
aggregate "x" {
}
cast "x" {
}
collation "x" {
}
operator "x" {
}
role "x" {
}
user "x" {
}
permission "x" {
}
rule "x" {
}
statistics "x" {
}
publication "x" {
}
text_search "x" {
}
`,
		want: `
16:1: block view "x" in the file: the engine does not manage views; write it as SQL in a migration (new), and remove it from this file
18:1: block materialized "x" in the file: the engine does not manage materialized views; write it as SQL in a migration (new), and remove it from this file
20:1: block function "x" in the file: the engine does not manage functions; write it as SQL in a migration (new), and remove it from this file
22:1: block procedure "x" in the file: the engine does not manage procedures; write it as SQL in a migration (new), and remove it from this file
24:1: block trigger "x" in the file: the engine does not manage triggers; write it as SQL in a migration (new), and remove it from this file
26:1: block event_trigger "x" in the file: the engine does not manage event triggers; write it as SQL in a migration (new), and remove it from this file
28:1: block policy "x" in the file: the engine does not manage row security policies; write it as SQL in a migration (new), and remove it from this file
30:1: block extension "x" in the file: the engine does not manage extensions; write it as SQL in a migration (new), and remove it from this file
32:1: block sequence "x" in the file: the engine does not manage sequences; write it as SQL in a migration (new), and remove it from this file
34:1: block domain "x" in the file: the engine does not manage domains; write it as SQL in a migration (new), and remove it from this file
36:1: block composite "x" in the file: the engine does not manage composite types; write it as SQL in a migration (new), and remove it from this file
38:1: block range "x" in the file: the engine does not manage range types; write it as SQL in a migration (new), and remove it from this file
40:1: block aggregate "x" in the file: the engine does not manage aggregates; write it as SQL in a migration (new), and remove it from this file
42:1: block cast "x" in the file: the engine does not manage casts; write it as SQL in a migration (new), and remove it from this file
44:1: block collation "x" in the file: the engine does not manage collations; write it as SQL in a migration (new), and remove it from this file
46:1: block operator "x" in the file: the engine does not manage operators; write it as SQL in a migration (new), and remove it from this file
48:1: block role "x" in the file: the engine does not manage roles; write it as SQL in a migration (new), and remove it from this file
50:1: block user "x" in the file: the engine does not manage users; write it as SQL in a migration (new), and remove it from this file
52:1: block permission "x" in the file: the engine does not manage privileges; write it as SQL in a migration (new), and remove it from this file
54:1: block rule "x" in the file: the engine does not manage rules; write it as SQL in a migration (new), and remove it from this file
56:1: block statistics "x" in the file: the engine does not manage extended statistics; write it as SQL in a migration (new), and remove it from this file
58:1: block publication "x" in the file: the engine does not manage publications; write it as SQL in a migration (new), and remove it from this file
60:1: block text_search "x" in the file: the engine does not manage text search configurations; write it as SQL in a migration (new), and remove it from this file
`,
	},
	{
		name: "other blocks",
		src: `@}
vue "x" {
}
data "sql" "x" {
}
env "local" {
}
tabel "t" {
}
primary_key {
}
`,
		want: `
16:1: unknown block "vue" in the file; known: "enum", "locals", "schema", "table", "variable"
18:1: block data "x" in the file: schema files don't support data sources; write the value itself, in a locals block if it is used more than once
20:1: block env "local" in the file: settings of the tool belong in atlas.hcl
22:1: unknown block "tabel" in the file: did you mean "table"?
24:1: unknown block "primary_key" in the file; known: "enum", "locals", "schema", "table", "variable"
`,
	},
	{
		name: "variables and locals",
		src: `variable "a" {
  type    = string
  default = "x"
}
variable "a" {
  type  = string
  value = "x"
}
locals "l" {
  n = 1
}
locals {
  n = 2
  inner {
  }
}
@  comment = "${local.n} of ${var.a}"
  column "b" {
    type = varchar(local.n)
    null = local.n == 3
  }
}
`,
		want: `
5:1: variable "a" needs "default"
5:1: duplicate variable "a": the first is on line 1
7:3: unknown attribute "value" in variable "a"; known: "default", "description", "type"
9:8: locals takes no name: the engine ignores "l"
13:3: duplicate local "n": the first is on line 10
14:3: unknown block "inner" in locals; known: none
`,
	},
	{
		name: "computed numbers of an identity",
		src: `locals {
  zero = 0
}
@  column "b" {
    type = int
    identity {
      start     = local.zero
      increment = abs(local.zero)
    }
  }
}
`,
		want: `
21:19: "start" in identity of column "b" must be written as a literal integer: the engine takes a computed 0 for the default
22:19: "increment" in identity of column "b" must be written as a literal integer: the engine takes a computed 0 for the default
`,
	},
	{
		name: "labels",
		src: `schema {
}
schema "a" "b" {
}
@  column "s" "b" {
    type = int
  }
  column {
    type = int
  }
  primary_key "k" "l" {
    columns = [column.a]
  }
  partition "p" {
    type    = LIST
    columns = [column.a]
  }
  unique {
    columns = [column.a]
  }
  index "" {
    columns = [column.a]
  }
  column "x" {
    type = int
    identity "id" {
    }
  }
}
table "x" "y" "z" {
  schema = schema.public
}
table {
  schema = schema.public
}
enum "e" {
  schema = schema.public
  values = []
}
enum "a" "f" {
  schema = schema.public
  values = []
}
table "a" "g" {
  schema = schema.public
}
`,
		want: `
1:1: schema without a name: write schema "NAME" {
3:12: schema "b" has 2 labels: it takes one, its name
19:14: column "b" has 2 labels: it takes one, its name
22:3: column without a name: write column "NAME" {
25:19: primary_key "l" has 2 labels: it takes one, its name
28:13: partition takes no name: the engine ignores "p"
32:3: unique without a name: write unique "NAME" {
35:9: index with an empty name
40:14: identity takes no name: the engine ignores "id"
44:15: table "z" has 3 labels: it takes its name, or its schema and its name
47:1: table without a name: write table "NAME" {
54:6: enum "f" is labeled with schema "a" but refers to schema "public": the engine ignores the label
58:7: table "g" is labeled with schema "a" but refers to schema "public": the engine ignores the label
`,
	},
	{
		name: "long names",
		src: `@  column "éééééééééééééééééééééééééééééééx" {
    type = int
  }
  column "éééééééééééééééééééééééééééééééé" {
    type = int
  }
}
`,
		want: `
18:10: column "éééééééééééééééééééééééééééééééé": the name has 64 bytes, and PostgreSQL truncates names to 63
`,
	},
	{
		name: "missing parts",
		src: `table "x" {
  column "a" {
  }
  foreign_key "f" {
  }
  check "c" {
  }
  partition {
  }
  primary_key {
  }
  column "b" {
    type = int
    as {
    }
  }
}
enum "e" {
}
variable "v" {
}
`,
		want: `
1:1: table "x" needs "schema"
2:3: column "a" needs "type"
4:3: foreign_key "f" needs "columns"
4:3: foreign_key "f" needs "ref_columns"
6:3: check "c" needs "expr"
8:3: partition of table "x" needs "type"
8:3: partition of table "x" needs "columns" or "by"
10:3: primary_key of table "x" needs "columns"
14:5: as of column "b" needs "expr"
18:1: enum "e" needs "schema"
18:1: enum "e" needs "values"
20:1: variable "v" needs "type"
20:1: variable "v" needs "default"
`,
	},
	{
		name: "the first one only",
		src: `@  primary_key {
    columns = [column.a]
  }
  primary_key "k" {
    columns = [column.b]
  }
  partition {
    type    = LIST
    columns = [column.a]
  }
  partition {
    type    = HASH
    columns = [column.a]
  }
  column "b" {
    type = int
    identity {
      generated = ALWAYS
    }
    identity {
      generated = BY_DEFAULT
    }
  }
  column "c" {
    type = int
    as {
      expr = "1"
    }
    as {
      expr = "2"
    }
  }
}
`,
		want: `
18:3: duplicate primary_key in table "t": the engine reads only the first, on line 15
25:3: duplicate partition in table "t": the engine reads only the first, on line 21
34:5: duplicate identity in column "b": the engine reads only the first, on line 31
43:5: duplicate as in column "c": the engine reads only the first, on line 40
`,
	},
	{
		name: "same names",
		src: `schema "public" {
}
schema "s" {
}
@  column "a" {
    type = text
  }
  index "i" {
    columns = [column.a]
  }
  index "i" {
    columns = [column.a]
  }
  check "c" {
    expr = "a > 0"
  }
  unique "c" {
    columns = [column.a]
  }
  index "t" {
    columns = [column.a]
  }
}
table "other" {
  schema = schema.public
  unique "i" {
    columns = [column.a]
  }
  column "a" {
    type = int
  }
}
enum "t" {
  schema = schema.public
  values = ["x"]
}
enum "t" {
  schema = schema.s
  values = ["x"]
}
table "other" {
  schema = schema.s
  index "i" {
    columns = [column.a]
  }
  column "a" {
    type = int
  }
}
`,
		want: `
5:1: duplicate schema "public": the first is on line 1
19:3: duplicate column "a": the first is on line 15
25:3: duplicate index "i": the first is on line 22: tables, indexes, unique constraints and primary keys share the namespace of their schema
31:3: unique "c" has the same name as the check on line 28: constraints share the namespace of their table
34:3: index "t" has the same name as the table on line 13: tables, indexes, unique constraints and primary keys share the namespace of their schema
38:1: duplicate table "other": the first is on line 7
40:3: unique "i" has the same name as the index on line 22: tables, indexes, unique constraints and primary keys share the namespace of their schema
47:1: enum "t" has the same name as the table on line 13: tables and enums share the namespace of their schema
51:1: duplicate enum "t": the engine supports only one enum of a name, whatever its schema, and the first is on line 47; write this one as SQL in a migration (new)
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
34:16: there is no table block "x"; known: "full", "other", "t", "twice"
38:20: there is no table block "othr": did you mean "other"?
42:19: foreign_key "g" has 1 "columns" but 2 "ref_columns"
42:43: there is no column "ide" in table "other": did you mean "id"?
46:19: the columns of "ref_columns" in foreign_key "h" must belong to one table
50:20: 2 table blocks are named "twice": add the schema as the first label of each, and refer to table.SCHEMA.twice
54:20: table "full" is labeled with its schema: refer to table.s.full
62:12: there is no schema block "publik": did you mean "public"?
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
	for _, tt := range strictTests {
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
	for _, tt := range strictTests {
		f.Add([]byte(strings.ReplaceAll(tt.src, "@", testcase.TableHCL)))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		file, diags := hclsyntax.ParseConfig(src, "schema.hcl", hcl.InitialPos)
		if !diags.HasErrors() {
			_ = strict("schema.hcl", file.Body.(*hclsyntax.Body)) // it must not panic
		}
	})
}
