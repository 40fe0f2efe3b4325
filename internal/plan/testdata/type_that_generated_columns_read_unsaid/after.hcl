schema "public" {
}
table "a" {
  schema = schema.public
  column "id" {
    type = bigint
  }
  primary_key {
    columns = [column.id]
  }
}
table "t" {
  schema = schema.public
  column "n" {
    type = bigint
  }
  column "m" {
    type = bigint
    null = true
    as {
      expr = "n * 2"
      type = STORED
    }
  }
  index "Ix" {
    columns = [column.m]
  }
  unique "t_m_key" {
    columns = [column.m]
  }
  check "c" {
    expr = "m > n"
  }
  foreign_key "t_m_fkey" {
    columns     = [column.m]
    ref_columns = [table.a.column.id]
  }
}
