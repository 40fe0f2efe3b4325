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
  primary_key {
    columns = [column.id]
  }
  index "ix" {
    columns = [column.source]
  }
  check "both" {
    expr = "source <> ''"
  }
}
