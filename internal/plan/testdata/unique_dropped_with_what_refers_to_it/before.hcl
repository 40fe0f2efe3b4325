schema "public" {}
table "seat" {
  schema = schema.public
  column "id" { type = integer }
  column "code" { type = integer }
  primary_key { columns = [column.id] }
  unique "seat_code" { columns = [column.code] }
}
table "ticket" {
  schema = schema.public
  column "id" { type = integer }
  column "seat" { type = integer }
  primary_key { columns = [column.id] }
  foreign_key "ticket_seat" {
    columns     = [column.seat]
    ref_columns = [table.seat.column.code]
  }
}
table "wish" {
  schema = schema.public
  column "id" { type = integer }
  column "seat" {
    type = integer
    null = true
  }
  primary_key { columns = [column.id] }
  foreign_key "wish_seat" {
    columns     = [column.seat]
    ref_columns = [table.seat.column.code]
  }
}
