schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
    identity {
      generated = BY_DEFAULT
    }
  }
  primary_key {
    columns = [column.id]
  }
}
