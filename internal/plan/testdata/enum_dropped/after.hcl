schema "public" {
}
table "t" {
  schema = schema.public
  column "m" {
    type    = text
    default = "ok"
  }
  column "all" {
    type = sql("text[]")
    null = true
  }
  column "n" {
    type = int
    null = true
  }
}
