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
  check { expr = "c > 0" }
  foreign_key {
    columns     = [column.c]
    ref_columns = [column.id]
  }
}
table "a" {
  schema = schema.public
  column "id" { type = integer }
  column "b_c" {
    type = integer
    null = true
  }
  primary_key { columns = [column.id] }
  index { columns = [column.b_c] }
  check { expr = "b_c > 0" }
  foreign_key {
    columns     = [column.b_c]
    ref_columns = [column.id]
  }
}
