schema "public" {
}
table "p" {
  schema = schema.public
  column "at" {
    type = date
  }
  column "id" {
    type = int
  }
  partition {
    type = RANGE
    columns = [column.at]
  }
}
