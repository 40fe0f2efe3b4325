schema "public" {
}
table "u" {
  schema = schema.public
  column "x" {
    type = int
    null = true
  }
  column "b" {
    type = int
    null = true
  }
  column "c" {
    type = text
    null = true
  }
}
