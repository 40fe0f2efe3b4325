schema "public" {}
table "seat" {
  schema = schema.public
  column "id" { type = integer }
  column "code" { type = integer }
  primary_key { columns = [column.id] }
}
table "wish" {
  schema = schema.public
  column "id" { type = integer }
  primary_key { columns = [column.id] }
}
