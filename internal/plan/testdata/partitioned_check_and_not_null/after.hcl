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
  }
  partition {
    type    = RANGE
    columns = [column.at]
  }
  check "kinded" {
    expr = "kind <> ''"
  }
}
