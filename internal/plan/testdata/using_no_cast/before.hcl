schema "public" {
}
table "t" {
  schema = schema.public
  column "n" {
    type    = boolean
    default = true
  }
  column "j" {
    type = uuid
    null = true
  }
  column "at" {
    type = date
    null = true
  }
}
