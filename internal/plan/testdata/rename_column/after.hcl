schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = uuid
  }
  column "environment" {
    type = varchar(100)
    null = true
  }
  column "data" {
    type = jsonb
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  index "ix_results_environment" {
    columns = [column.environment]
  }
}
