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
      expr = "n * 3"
      type = STORED
    }
  }
}
