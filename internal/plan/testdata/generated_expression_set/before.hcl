schema "public" {
}
table "t" {
  schema = schema.public
  column "n" {
    type = int
  }
  column "m" {
    type = int
    as {
      expr = "n * 2"
      type = STORED
    }
  }
}
