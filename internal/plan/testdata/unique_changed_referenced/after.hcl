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
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  unique "results_source_key" {
    columns = [column.duration, column.source]
  }
}
table "notes" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "source" {
    type = text
  }
  column "duration" {
    type = int
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "notes_source" {
    columns     = [column.source, column.duration]
    ref_columns = [table.results.column.source, table.results.column.duration]
  }
}
