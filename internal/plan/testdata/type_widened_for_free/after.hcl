schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "source" {
    type = text
  }
  primary_key {
    columns = [column.id]
  }
}
