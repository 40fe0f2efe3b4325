schema "public" {
}
table "p" {
  schema = schema.public
  column "a" {
    type = int
    null = true
  }
  column "b" {
    type = int
    null = true
  }
  unique "ab" {
    columns = [column.a, column.b]
  }
}
table "c" {
  schema = schema.public
  column "a" {
    type = int
    null = true
  }
  column "b" {
    type = int
    null = true
  }
  foreign_key "fk" {
    columns     = [column.a, column.b]
    ref_columns = [table.p.column.a, table.p.column.b]
    on_update   = CASCADE
  }
}
