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
}

table "results" {
  schema = schema.public
  column "id" {
    type = uuid
  }
  column "run_id" {
    type = uuid
    null = true
  }
  column "source" {
    type = text
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "results_run_id_fkey" {
    columns     = [column.run_id]
    ref_columns = [table.runs.column.id]
  }
  index "ix_results_source" {
    columns = [column.source]
  }
  index "ix_results_run_source" {
    columns = [column.run_id, column.source]
  }
}
