schema "public" {}
table "a" {
  schema = schema.public
  column "id" { type = integer }
  unique "z_pkey" { columns = [column.id] }
}
table "z" {
  schema = schema.public
  column "id" { type = integer }
  primary_key { columns = [column.id] }
  unique "z_key" { columns = [column.id] }
}
