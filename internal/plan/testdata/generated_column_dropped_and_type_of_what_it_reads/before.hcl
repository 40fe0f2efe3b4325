schema "public" {
}
table "t" {
  schema = schema.public
  column "n" {
    type = varchar(10)
  }
  column "m" {
    type = text
    null = true
    as {
      expr = "upper(n)"
      type = STORED
    }
  }
  column "k" {
    type = text
    null = true
    as {
      expr = "lower(n)"
      type = STORED
    }
  }
  index "ix_m" {
    columns = [column.m]
  }
}
