schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "n" {
    type = int
  }
  primary_key {
    columns = [column.id, column.n]
  }
}
