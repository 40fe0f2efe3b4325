schema "public" {
}
table "t" {
  schema = schema.public
  column "a" {
    type = int
    null = true
  }
  column "c" {
    type = int
    null = true
  }
  column "d" {
    type = int
    null = true
  }
  check "one" {
    expr = "a > d"
  }
  check "three" {
    expr = "d > c"
  }
}
