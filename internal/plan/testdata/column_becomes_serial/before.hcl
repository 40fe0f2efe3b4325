schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "source" {
    type = text
    null = true
  }
  column "duration" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
