schema "public" {
}
table "events" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "at" {
    type = date
  }
  column "kind" {
    type = text
    null = true
  }
  column "token" {
    type = uuid
    default = sql("gen_random_uuid()")
  }
  partition {
    type    = RANGE
    columns = [column.at]
  }
}
