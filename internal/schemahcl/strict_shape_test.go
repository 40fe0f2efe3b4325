package schemahcl

// strictShapeTests are about which blocks, attributes and labels there are, and where.
var strictShapeTests = []strictTest{
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
}
