schema "public" {
}
table "t" {
  schema = schema.public
  column "a" {
    type = bigserial
  }
  column "b" {
    type = serial
  }
  primary_key {
    columns = [column.b]
  }
}
