schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = bigserial
  }
  primary_key {
    columns = [column.id]
  }
}
