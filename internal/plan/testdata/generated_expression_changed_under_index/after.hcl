schema "public" {
}
table "t" {
  schema = schema.public
  column "n" {
    type = int
  }
  column "m" {
    type = int
    as {
      expr = "n * 3"
      type = STORED
    }
  }
  column "other" {
    type = int
    null = true
    as {
      expr = "n + 1"
      type = STORED
    }
  }
  index "ix_m" {
    columns = [column.m]
    where   = "n > 0"
  }
  index "ix_n" {
    columns = [column.n]
  }
  check "small" {
    expr = "m < 200"
  }
  unique "t_m_key" {
    columns = [column.m, column.n]
  }
}
