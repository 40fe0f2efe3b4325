schema "public" {}
table "hall" {
  schema = schema.public
  column "id" { type = integer }
  primary_key { columns = [column.id] }
}
table "seat" {
  schema = schema.public
  column "id" { type = integer }
  column "row" { type = integer }
  column "code" {
    type = integer
    null = true
  }
  column "beside" {
    type = integer
    null = true
  }
  column "hall_id" { type = integer }
  primary_key "the seat" { columns = [column.id, column.row] }
  unique "seat_ref" {
    columns = [column.id, column.row]
    comment = "what the plans refer to"
  }
  unique "seat_turned" { columns = [column.row, column.id] }
  unique "seat_code" {
    columns = [column.code]
    include = [column.row]
    comment = "by its code"
  }
  unique "seat_code_again" {
    columns = [column.code]
    include = [column.row]
    comment = "by its code, again"
  }
  unique "seat_code_plain" { columns = [column.code] }
  foreign_key "seat_beside" {
    columns     = [column.beside]
    ref_columns = [column.code]
  }
  foreign_key "seat_hall" {
    columns     = [column.hall_id]
    ref_columns = [table.hall.column.id]
  }
}
table "ticket" {
  schema = schema.public
  column "seat_id" { type = integer }
  column "seat_row" { type = integer }
  unique "ticket_seat" { columns = [column.seat_id, column.seat_row] }
  unique "ticket_seat_again" { columns = [column.seat_id, column.seat_row] }
  foreign_key "ticket_of_seat" {
    columns     = [column.seat_id, column.seat_row]
    ref_columns = [table.seat.column.id, table.seat.column.row]
  }
}
