schema "public" {
}
table "a" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "n" {
    type = int
  }
  primary_key {
    columns = [column.id]
  }
  unique "a_n_key" {
    columns = [column.n]
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
  column "a_n" {
    type = int
    null = true
  }
  column "other" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "B_a_id_fkey" {
    columns     = [column.a_id]
    ref_columns = [table.a.column.id]
    on_delete   = CASCADE
  }
  foreign_key "B_a_n_fkey" {
    columns     = [column.a_n]
    ref_columns = [table.a.column.n]
  }
  foreign_key "B_other_fkey" {
    columns     = [column.other]
    ref_columns = [column.id]
  }
}
