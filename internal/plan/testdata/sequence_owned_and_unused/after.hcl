schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = bigint
    null = true
  }
  column "n" {
    type = int
    null = true
  }
}
table "u" {
  schema = schema.public
  column "id" {
    type = int
  }
}
