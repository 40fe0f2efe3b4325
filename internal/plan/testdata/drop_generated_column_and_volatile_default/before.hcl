schema "public" {
}
table "People" {
  schema = schema.public
  column "id" {
    type = bigint
  }
  column "Name" {
    type = text
  }
  column "key" {
    type    = uuid
    default = sql("gen_random_uuid()")
  }
  column "note" {
    type    = text
    null    = true
    default = "x"
  }
  column "shout" {
    type = text
    null = true
    as {
      expr = "upper(\"Name\")"
      type = STORED
    }
  }
  primary_key {
    columns = [column.id]
  }
}
