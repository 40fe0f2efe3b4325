schema "public" {
}
table "a" {
  schema = schema.public
  column "id" {
    type = int
  }
  primary_key {
    columns = [column.id]
  }
}
table "b" {
  schema = schema.public
  column "a_id" {
    type = text
    null = true
  }
}
