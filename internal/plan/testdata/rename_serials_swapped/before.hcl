schema "public" {
}
table "t" {
  schema = schema.public
  column "a" {
    type = serial
  }
  column "b" {
    type = bigserial
  }
  primary_key {
    columns = [column.a]
  }
}
