schema "public" {
}
table "a" {
  schema = schema.public
  column "m" {
    type = int
  }
}
table "b" {
  schema = schema.public
  column "n" {
    type = int
  }
}
