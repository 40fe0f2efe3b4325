schema "public" {
}
table "b" {
  schema = schema.public
  column "id" {
    type = int
  }
  primary_key {
    columns = [column.id]
  }
}
table "c" {
  schema = schema.public
  column "id" {
    type = serial
  }
  primary_key {
    columns = [column.id]
  }
}
table "d" {
  schema = schema.public
  column "id" {
    type = int
    null = true
  }
}
