schema "public" {
}
table "t" {
  schema = schema.public
  column "n" {
    type    = date
    default = sql("CURRENT_DATE")
  }
  column "j" {
    type = int
    null = true
  }
  column "at" {
    type = date
    null = true
  }
}
