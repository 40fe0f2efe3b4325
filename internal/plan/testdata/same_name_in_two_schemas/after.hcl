schema "a" {
}
schema "b" {
}
table "a" "t" {
  schema = schema.a
  column "n" {
    type = int
  }
  column "m" {
    type = int
    null = true
  }
}
table "b" "t" {
  schema = schema.b
  column "n" {
    type = int
  }
}
