schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "n" {
    type = bigint
  }
  column "name" {
    type = text
  }
  column "twice" {
    type = bigint
    null = true
    as {
      expr = "n * 2"
      type = STORED
    }
  }
  column "lower" {
    type = text
    null = true
    as {
      expr = "lower(name)"
      type = STORED
    }
  }
  primary_key {
    columns = [column.id]
  }
}
