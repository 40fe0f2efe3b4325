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
  unique "runs_name_key" {
    columns = [column.name]
  }
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "run" {
    type = text
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "results_run_fkey" {
    columns     = [column.run]
    ref_columns = [table.runs.column.name]
  }
}
