schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "ok" {
    type = timestamptz
  }
  primary_key {
    columns = [column.id]
  }
}
