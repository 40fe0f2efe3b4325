schema "public" {
}
table "People" {
  schema = schema.public
  column "id" {
    type = bigint
  }
  column "Name" {
    type = text
  }
  primary_key {
    columns = [column.id]
  }
}
