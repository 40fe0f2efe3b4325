schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "source" {
    type = text
    null = true
  }
  column "duration" {
    type = bigint
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  index "ix_results_duration" {
    columns = [column.duration]
  }
}
