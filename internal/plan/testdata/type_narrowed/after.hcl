schema "public" {
}
table "Results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "Source" {
    type = varchar(10)
    null = true
  }
  column "count" {
    type = int
    null = true
  }
  column "env" {
    type = uuid
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
