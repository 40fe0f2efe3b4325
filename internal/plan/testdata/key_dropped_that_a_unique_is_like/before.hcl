schema "public" {}
table "seat" {
  schema = schema.public
  column "id" { type = integer }
  column "code" { type = integer }
  primary_key { columns = [column.id] }
  unique "seat_ref" { columns = [column.id] }
  unique "seat_code" { columns = [column.code] }
}
table "ticket" {
  schema = schema.public
  column "id" { type = integer }
  column "seat_id" {
    type = integer
    null = true
  }
  primary_key { columns = [column.id] }
  foreign_key "ticket_seat" {
    columns     = [column.seat_id]
    ref_columns = [table.seat.column.id]
    on_delete   = CASCADE
  }
}
