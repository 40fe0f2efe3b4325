schema "public" {}
table "part" {
  schema = schema.public
  column "at" { type = date }
  column "n" { type = integer }
  unique "p1" { columns = [column.at, column.n] }
  partition {
    type    = RANGE
    columns = [column.at]
  }
}
table "of_part" {
  schema = schema.public
  column "id" { type = integer }
  column "at" {
    type = date
    null = true
  }
  column "n" {
    type = integer
    null = true
  }
  primary_key { columns = [column.id] }
  foreign_key "of_part" {
    columns     = [column.at, column.n]
    ref_columns = [table.part.column.at, table.part.column.n]
    on_delete   = CASCADE
  }
}
