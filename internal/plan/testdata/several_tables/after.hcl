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
  index "ix_results_source" {
    columns = [column.source]
  }
  check "long" {
    expr = "duration > 0"
  }
}
table "notes" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "text" {
    type = text
  }
  primary_key {
    columns = [column.id]
  }
  index "ix_notes_text" {
    columns = [column.text]
  }
}
