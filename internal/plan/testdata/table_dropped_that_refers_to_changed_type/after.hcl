schema "public" {
}
table "a" {
  schema = schema.public
  column "id" {
    type = text
  }
  column "code" {
    type = bigint
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  unique "a_code" {
    columns = [column.code]
  }
}
