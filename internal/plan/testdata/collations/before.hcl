schema "public" {
}
table "t" {
  schema = schema.public
  column "a" {
    type = int
    null = true
  }
  column "name" {
    type = text
    null = true
  }
  column "data" {
    type = jsonb
    null = true
  }
  index "iname" {
    columns = [column.name]
  }
}
