schema "public" {
}
table "c" {
  schema = schema.public
  column "id" {
    type = int
    null = true
  }
}
