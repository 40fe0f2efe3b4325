schema "public" {
}
table "Results" {
  schema = schema.public
  column "id" {
    type = bigint
  }
  column "Source" {
    type = varchar(100)
    null = true
  }
  column "count" {
    type = text
    null = true
  }
  column "env" {
    type = text
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
