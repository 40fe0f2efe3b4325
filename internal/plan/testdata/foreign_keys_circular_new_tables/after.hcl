schema "public" {
}
table "runs" {
  schema = schema.public
  column "id" {
    type = int
  }
  primary_key {
    columns = [column.id]
  }
}
table "a" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "b" {
    type = int
    null = true
  }
  column "run" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "a_b" {
    columns     = [column.b]
    ref_columns = [table.b.column.id]
  }
  foreign_key "a_run" {
    columns     = [column.run]
    ref_columns = [table.runs.column.id]
  }
}
table "b" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "a" {
    type = int
    null = true
  }
  column "self" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "b_a" {
    columns     = [column.a]
    ref_columns = [table.a.column.id]
  }
  foreign_key "b_self" {
    columns     = [column.self]
    ref_columns = [column.id]
  }
}
