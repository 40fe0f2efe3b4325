schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
    null = true
  }
  column "source" {
    type = text
    null = true
  }
}
