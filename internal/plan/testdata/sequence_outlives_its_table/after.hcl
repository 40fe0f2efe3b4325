schema "public" {
}
table "u" {
  schema = schema.public
  column "id" {
    type = int
    null = true
  }
}
