schema "public" {}
table "a" {
  schema = schema.public
  column "id" { type = integer }
  primary_key "the key" { columns = [column.id] }
  unique "the unique" { columns = [column.id] }
  index "the index" { columns = [column.id] }
}
