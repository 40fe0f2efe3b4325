schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "Day" {
    type = date
  }
  primary_key {
    columns = [column.Day, column.id]
  }
}
