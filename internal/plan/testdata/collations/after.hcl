schema "public" {
}
table "t" {
  schema = schema.public
  column "a" {
    type = int
    null = true
  }
  column "name" {
    type = sql("text COLLATE \"C\"")
    null = true
  }
  column "data" {
    type = jsonb
    null = true
  }
  index "iname" {
    on {
      expr = "name COLLATE \"POSIX\""
    }
  }
}
