schema "public" {}
table "a" {
  schema = schema.public
  column "id" { type = integer }
  unique "z_pkey" { columns = [column.id] }
}
