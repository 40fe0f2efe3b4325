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
  column "last_result" {
    type = uuid
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "runs_last_result_fkey" {
    columns     = [column.last_result]
    ref_columns = [table.results.column.id]
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
  primary_key {
    columns = [column.id]
  }
  foreign_key "results_run_id_fkey" {
    columns     = [column.run_id]
    ref_columns = [table.runs.column.id]
  }
}
