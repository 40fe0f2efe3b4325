schema "public" {
}
table "runs" {
  schema = schema.public
  column "id" {
    type = uuid
  }
  column "summary" {
    type = jsonb
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  index "ix_runs_summary" {
    columns = [column.summary]
  }
}
