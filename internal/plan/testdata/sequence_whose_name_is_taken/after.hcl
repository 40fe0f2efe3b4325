schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "n" {
    type = serial
  }
  column "m" {
    type = serial
  }
  primary_key {
    columns = [column.id]
  }
}
