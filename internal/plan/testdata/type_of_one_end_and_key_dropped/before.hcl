schema "public" {
}
table "a" {
  schema = schema.public
  column "id" {
    type = int
  }
  primary_key {
    columns = [column.id]
  }
}
table "b" {
  schema = schema.public
  column "a_id" {
    type = int
    null = true
  }
  foreign_key "b_a_id_fkey" {
    columns     = [column.a_id]
    ref_columns = [table.a.column.id]
  }
}
