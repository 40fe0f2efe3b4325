schema "public" {
}
table "t" {
  schema = schema.public
  column "n" {
    type    = int
    default = 1
  }
  column "j" {
    type = jsonb
    null = true
  }
  column "at" {
    type = timestamptz
    null = true
  }
}
