schema "public" {
}
schema "app" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = serial
  }
  column "name" {
    type = text
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
table "u" {
  schema = schema.public
  column "n" {
    type = int
    null = true
  }
}
