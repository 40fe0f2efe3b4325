schema "public" {
}
table "a" {
  schema = schema.public
  column "id" {
    type = text
  }
  primary_key {
    columns = [column.id]
  }
}
table "p" {
  schema = schema.public
  column "at" {
    type = date
  }
  column "a_id" {
    type = text
    null = true
  }
  column "n" {
    type = bigint
  }
  column "m" {
    type = int
    null = true
    as {
      expr = "n * 2"
      type = STORED
    }
  }
  index "ix_m" {
    columns = [column.m]
  }
  foreign_key "p_a_id_fkey" {
    columns     = [column.a_id]
    ref_columns = [table.a.column.id]
  }
  partition {
    type    = RANGE
    columns = [column.at]
  }
}
