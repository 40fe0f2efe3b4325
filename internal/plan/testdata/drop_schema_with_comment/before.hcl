schema "public" {
}
schema "Old-Stock" {
  comment = "It's what is left"
}
table "T" {
  schema = schema.Old-Stock
  column "id" {
    type = int
  }
}
