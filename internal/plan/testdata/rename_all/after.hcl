schema "public" {
}
schema "app" {
}
enum "outcome" {
  schema = schema.public
  values = ["passed", "broken"]
}
table "Test Runs" {
  schema = schema.app
  column "id" {
    type = serial
  }
  column "environment" {
    type = text
    null = true
  }
  column "state" {
    type    = enum.outcome
    default = "passed"
  }
  primary_key {
    columns = [column.id]
  }
  check "runs_env_check" {
    expr = "environment <> ''"
  }
}
table "results" {
  schema = schema.public
  column "run_id" {
    type = int
  }
  foreign_key "results_run_fkey" {
    columns     = [column.run_id]
    ref_columns = [table["Test Runs"].column.id]
  }
}
