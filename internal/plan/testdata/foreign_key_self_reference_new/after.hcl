schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "parent" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "results_parent" {
    columns     = [column.parent]
    ref_columns = [column.id]
  }
}
