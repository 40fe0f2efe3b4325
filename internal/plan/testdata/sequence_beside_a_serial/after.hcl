schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = bigserial
  }
  column "n" {
    type = bigint
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
