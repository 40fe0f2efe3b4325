schema "public" {
}
table "kinds" {
  schema = schema.public
  column "kind" {
    type = text
  }
  primary_key {
    columns = [column.kind]
  }
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
  foreign_key "events_kind" {
    columns     = [column.kind]
    ref_columns = [table.kinds.column.kind]
  }
}
