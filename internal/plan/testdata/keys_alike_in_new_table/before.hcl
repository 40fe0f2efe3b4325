schema "public" {}
table "hall" {
  schema = schema.public
  column "id" { type = integer }
  primary_key { columns = [column.id] }
}
