schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "parent" {
    type = int
    null = true
  }
  column "double" {
    type = int
    as {
      expr = "id * 2"
      type = STORED
    }
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "t_parent" {
    columns     = [column.parent]
    ref_columns = [column.id]
    on_delete   = SET_NULL
    on_update   = CASCADE
  }
  check {
    expr = "id <> parent"
  }
}
