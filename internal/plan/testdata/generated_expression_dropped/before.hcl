schema "public" {
}
table "runs" {
  schema = schema.public
  column "id" {
    type = uuid
  }
  column "summary" {
    type = jsonb
    null = true
  }
  column "n" {
    type = int
  }
  column "twice" {
    type = int
    null = true
    as {
      expr = "n * 2"
      type = STORED
    }
  }
  primary_key {
    columns = [column.id]
  }
}
