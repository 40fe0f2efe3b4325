schema "public" {
}
table "runs" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "part" {
    type = int
  }
  primary_key {
    columns = [column.id, column.part]
  }
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
  column "first" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "results_run_fkey" {
    columns     = [column.run, column.Part]
    ref_columns = [table.runs.column.id, table.runs.column.part]
  }
  foreign_key "results_first_fkey" {
    columns     = [column.first, column.Part]
    ref_columns = [table.runs.column.id, table.runs.column.part]
  }
}
