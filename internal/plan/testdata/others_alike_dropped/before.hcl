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
  index "seat_n_too" {
    unique  = true
    columns = [column.n]
  }
  index "seat_id_too" {
    unique  = true
    columns = [column.id]
  }
  index "a_seat_by_hall" { columns = [column.hall_id] }
  index "seat_by_hall" { columns = [column.hall_id] }
  index "seat_by_hall_too" { columns = [column.hall_id] }
  check "a_positive" { expr = "n > 0" }
  check "positive" { expr = "n > 0" }
  check "positive_too" { expr = "n > 0" }
  foreign_key "a_to_hall" {
    columns     = [column.hall_id]
    ref_columns = [table.hall.column.id]
  }
  foreign_key "to_hall" {
    columns     = [column.hall_id]
    ref_columns = [table.hall.column.id]
  }
  foreign_key "to_hall_too" {
    columns     = [column.hall_id]
    ref_columns = [table.hall.column.id]
  }
}
