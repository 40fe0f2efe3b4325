schema "public" {
}
table "rooms" {
  schema = schema.public
  column "room" {
    type = int
    null = true
  }
  column "during" {
    type = tsrange
    null = true
  }
  column "note" {
    type = text
    null = true
  }
  index "ix_note" {
    columns = [column.note, column.room]
  }
}
table "parents" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "code" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  unique "code_once" {
    columns = [column.code, column.id]
  }
}
table "children" {
  schema = schema.public
  column "id" {
    type = int
    null = true
  }
  column "parent" {
    type = int
    null = true
  }
  foreign_key "to_parent" {
    columns     = [column.parent]
    ref_columns = [table.parents.column.id]
    on_delete   = CASCADE
  }
}
