schema "public" {
}
table "logs" {
  schema = schema.public
  column "at" {
    type = date
  }
  column "text" {
    type = text
    null = true
  }
  index "logs_text" {
    columns = [column.text]
  }
  partition {
    type    = RANGE
    columns = [column.at]
  }
}
