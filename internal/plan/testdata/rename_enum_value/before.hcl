schema "public" {
}
schema "app" {
}
enum "state" {
  schema = schema.public
  values = ["passed", "failed"]
}
table "runs" {
  schema = schema.app
  column "id" {
    type = serial
  }
  column "env" {
    type = text
    null = true
  }
  column "state" {
    type    = enum.state
    default = "passed"
  }
  primary_key {
    columns = [column.id]
  }
  check "runs_env_check" {
    expr = "env <> ''"
  }
}
table "results" {
  schema = schema.public
  column "run_id" {
    type = int
  }
  foreign_key "results_run_id_fkey" {
    columns     = [column.run_id]
    ref_columns = [table.runs.column.id]
  }
}
