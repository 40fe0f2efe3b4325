schema "public" {
}
table "t" {
  schema = schema.public
  column "n" {
    type    = text
    default = "1"
  }
  column "j" {
    type = text
    null = true
  }
  column "at" {
    type = text
    null = true
  }
}
