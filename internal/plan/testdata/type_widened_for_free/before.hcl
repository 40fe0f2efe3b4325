schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "source" {
    type = varchar(10)
  }
  primary_key {
    columns = [column.id]
  }
}
