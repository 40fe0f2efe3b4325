schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type    = int
    null    = true
    default = sql("nextval('numbers')")
  }
  column "n" {
    type = int
    null = true
  }
}
