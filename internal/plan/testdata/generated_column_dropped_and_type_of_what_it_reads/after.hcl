schema "public" {
}
table "t" {
  schema = schema.public
  column "n" {
    type = varchar(20)
  }
  column "k" {
    type = text
    null = true
  }
}
