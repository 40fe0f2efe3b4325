schema "public" {
}
table "parents" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "code" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  unique "code_once" {
    columns = [column.code]
  }
}
table "children" {
  schema = schema.public
  column "id" {
    type = int
    null = true
  }
  column "parent" {
    type = int
    null = true
  }
  foreign_key "to_parent" {
    columns     = [column.parent]
    ref_columns = [table.parents.column.id]
  }
}
