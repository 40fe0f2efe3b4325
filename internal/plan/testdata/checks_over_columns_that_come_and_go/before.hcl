schema "public" {
}
table "t" {
  schema = schema.public
  column "a" {
    type = int
    null = true
  }
  column "b" {
    type = int
    null = true
  }
  column "c" {
    type = int
    null = true
  }
  check "one" {
    expr = "a > b"
  }
  check "two" {
    expr = "b > c"
  }
}
