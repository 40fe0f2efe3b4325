schema "public" {
}
table "Results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "a" {
    type    = jsonb
    default = "{}"
  }
  column "b" {
    type = jsonb
    null = true
  }
  column "c" {
    type = jsonb
    null = true
  }
  column "d" {
    type = jsonb
    null = true
  }
  column "e" {
    type = varchar(10)
    null = true
  }
  index "ix_a" {
    columns = [column.a]
    type    = GIN
  }
  check "b_is_number" {
    expr = "jsonb_typeof(b) = 'number'"
  }
  check "b_is_small" {
    expr = "(b -> 'x') is null"
  }
  index "Ix c" {
    comment = "it's"
    type    = GIN
    on {
      column = column.c
      ops    = jsonb_path_ops
    }
  }
  unique "d_key" {
    columns = [column.d]
  }
  index "ix_e" {
    columns = [column.e]
  }
  primary_key {
    columns = [column.id]
  }
}
