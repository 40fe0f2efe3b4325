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
    type    = bigint
    default = 0
  }
  column "name" {
    type    = varchar(20)
    null    = true
    comment = "it's a name"
  }
  primary_key {
    columns = [column.id]
  }
}
