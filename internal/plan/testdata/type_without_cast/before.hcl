schema "public" {
}
table "t" {
  schema = schema.public
  column "n" {
    type = text
  }
}
