schema "public" {}
table "a_b" {
  schema = schema.public
  column "id" { type = integer }
  column "c" {
    type = integer
    null = true
  }
  primary_key { columns = [column.id] }
  index { columns = [column.c] }
  index { columns = [column.c] }
  check { expr = "c > 0" }
  check { expr = "c > 0" }
  check { expr = "c < 100" }
  foreign_key {
    columns     = [column.c]
    ref_columns = [column.id]
  }
  foreign_key {
    columns     = [column.c]
    ref_columns = [column.id]
  }
}
