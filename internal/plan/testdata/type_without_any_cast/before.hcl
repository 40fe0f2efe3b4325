schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "ok" {
    type = boolean
  }
  primary_key {
    columns = [column.id]
  }
}
