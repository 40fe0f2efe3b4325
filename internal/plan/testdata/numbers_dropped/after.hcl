schema "public" {
}
table "T" {
  schema = schema.public
  column "Id" {
    type = bigint
  }
  column "no" {
    type = int
  }
  primary_key {
    columns = [column.Id]
  }
}
