schema "public" {
}
table "t" {
  schema = schema.public
  column "b" {
    type = int
  }
  column "c" {
    type = int
  }
}
