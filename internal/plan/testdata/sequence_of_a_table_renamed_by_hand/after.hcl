schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = serial
  }
  column "n" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
