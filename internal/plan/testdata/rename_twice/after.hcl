schema "public" {
}
table "t" {
  schema = schema.public
  column "x" {
    type = int
    null = true
  }
  column "y" {
    type = int
    null = true
  }
  column "c" {
    type = text
    null = true
  }
}
