schema "public" {
  comment = "ours"
}
table "runs" {
  schema  = schema.public
  comment = "A test run"
  column "id" {
    type    = uuid
    comment = "made by the application"
  }
  column "summary" {
    type = jsonb
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
