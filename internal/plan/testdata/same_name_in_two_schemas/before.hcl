schema "a" {
}
schema "b" {
}
table "a" "t" {
  schema = schema.a
  column "n" {
    type = int
  }
}
