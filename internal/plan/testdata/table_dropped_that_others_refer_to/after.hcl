schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "run" {
    type = int
    null = true
  }
  column "Part" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
