schema "public" {
}
table "t" {
  schema = schema.public
  column "n" {
    type = bigint
  }
  column "m" {
    type = int
    null = true
    as {
      expr = "n * 2"
      type = STORED
    }
  }
}
