schema "public" {
}
table "logs_2025" {
  schema = schema.public
  column "at" {
    type = date
    null = true
  }
}
table "base" {
  schema = schema.public
  column "id" {
    type = int
    null = true
  }
}
table "child" {
  schema = schema.public
  column "id" {
    type = int
    null = true
  }
}
table "v" {
  schema = schema.public
  column "id" {
    type = int
    null = true
  }
}
table "logs" {
  schema = schema.public
  column "at" {
    type = date
  }
  partition {
    type    = RANGE
    columns = [column.at]
  }
}
