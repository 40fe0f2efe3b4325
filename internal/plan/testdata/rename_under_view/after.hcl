schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = int
    null = true
  }
  column "environment" {
    type = text
    null = true
  }
}
