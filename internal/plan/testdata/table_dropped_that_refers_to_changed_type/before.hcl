schema "public" {
}
table "a" {
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
  unique "a_code" {
    columns = [column.code]
  }
}
table "B" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "a_id" {
    type = int
    null = true
  }
  column "code" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "a_fk" {
    columns     = [column.a_id]
    ref_columns = [table.a.column.id]
    on_delete   = CASCADE
  }
  foreign_key "code_fk" {
    columns     = [column.code]
    ref_columns = [table.a.column.code]
  }
  foreign_key "self" {
    columns     = [column.code]
    ref_columns = [column.id]
  }
}
