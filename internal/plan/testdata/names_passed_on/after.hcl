schema "public" {}
table "a" {
  schema = schema.public
  column "id" { type = integer }
  primary_key "old key" { columns = [column.id] }
  unique "old unique" { columns = [column.id] }
  index "old index" { columns = [column.id] }
}
table "b" {
  schema = schema.public
  column "id" { type = integer }
  primary_key "the key" { columns = [column.id] }
  unique "the unique" { columns = [column.id] }
  index "the index" { columns = [column.id] }
}
