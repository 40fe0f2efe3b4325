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
}
