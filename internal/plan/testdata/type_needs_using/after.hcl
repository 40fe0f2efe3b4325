schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "source" {
    type = jsonb
    null = true
  }
  column "duration" {
    type = text
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
