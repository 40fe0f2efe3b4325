schema "public" {
}
table "t" {
  schema = schema.public
  comment = "two\nlines"
  column "a" {
    type = int
    comment = "c:\\d"
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
  unique "ua" {
    columns = [column.a]
    comment = "it's new"
  }
}
