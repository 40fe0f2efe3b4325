schema "public" {
}
table "runs" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "name" {
    type = text
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "run_id" {
    type = int
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "results_run" {
    columns     = [column.run_id]
    ref_columns = [table.runs.column.id]
  }
}
