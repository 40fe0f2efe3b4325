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
    null = true
  }
  column "name" {
    type    = varchar(10)
    default = "x"
  }
  primary_key {
    columns = [column.id]
  }
}
