schema "public" {}
table "seat" {
  schema = schema.public
  column "id" { type = integer }
  column "code" { type = integer }
  column "beside" {
    type = integer
    null = true
  }
  primary_key { columns = [column.id] }
  foreign_key "seat_beside" {
    columns     = [column.beside]
    ref_columns = [column.id]
  }
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
