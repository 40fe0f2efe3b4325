schema "public" {}
table "hall" {
  schema = schema.public
  column "id" { type = integer }
  primary_key { columns = [column.id] }
}
table "seat" {
  schema = schema.public
  column "id" { type = integer }
  column "n" {
    type = integer
    null = true
  }
  column "hall_id" {
    type = integer
    null = true
  }
  primary_key { columns = [column.id] }
  unique "seat_n" { columns = [column.n] }
  index "seat_by_hall" { columns = [column.hall_id] }
  check "positive" { expr = "n > 0" }
  foreign_key "to_hall" {
    columns     = [column.hall_id]
    ref_columns = [table.hall.column.id]
  }
}
