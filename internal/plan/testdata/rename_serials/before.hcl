schema "public" {
}
table "a" {
  schema = schema.public
  column "id" {
    type = serial
  }
  column "x" {
    type = int
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
  column "y" {
    type = int
  }
  primary_key {
    columns = [column.id]
  }
}
