schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "a" {
    type = int
    null = true
  }
  column "twice" {
    type = int
    null = true
    as {
      expr = "a * 3"
      type = STORED
    }
  }
  primary_key {
    columns = [column.id]
  }
}
