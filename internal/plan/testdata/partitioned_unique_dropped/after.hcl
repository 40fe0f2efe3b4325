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
  partition {
    type    = RANGE
    columns = [column.at]
  }
}
