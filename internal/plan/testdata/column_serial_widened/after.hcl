schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "n" {
    type = bigserial
  }
  primary_key {
    columns = [column.id]
  }
}
