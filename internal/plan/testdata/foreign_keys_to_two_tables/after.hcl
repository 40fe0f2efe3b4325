schema "public" {
}
table "runs" {
  schema = schema.public
  column "id" {
    type = int
  }
  primary_key {
    columns = [column.id]
  }
}
table "users" {
  schema = schema.public
  column "id" {
    type = int
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
    null = true
  }
  column "user_id" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "results_run" {
    columns     = [column.run_id]
    ref_columns = [table.runs.column.id]
  }
  foreign_key "results_user" {
    columns     = [column.user_id]
    ref_columns = [table.users.column.id]
  }
}
