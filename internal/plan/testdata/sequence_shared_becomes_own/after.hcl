schema "public" {
}
table "a" {
  schema = schema.public
  column "id" {
    type = serial
  }
  primary_key {
    columns = [column.id]
  }
}
table "b" {
  schema = schema.public
  column "id" {
    type = serial
  }
  primary_key {
    columns = [column.id]
  }
}
