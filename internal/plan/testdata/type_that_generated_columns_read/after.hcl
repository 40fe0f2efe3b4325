schema "public" {
}
table "runs" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "total" {
    type    = bigint
    comment = "of all"
    as {
      expr = "passed + failed"
      type = STORED
    }
  }
  column "passed" {
    type = bigint
  }
  column "failed" {
    type = bigint
  }
  column "name" {
    type = varchar(40)
  }
  column "Upper" {
    type = text
    null = true
    as {
      expr = "upper(name)"
      type = STORED
    }
  }
  column "apart" {
    type = int
    null = true
    as {
      expr = "id * 2"
      type = STORED
    }
  }
  primary_key {
    columns = [column.id]
  }
  index "ix_total" {
    columns = [column.total]
    comment = "why"
  }
  index "ix_big" {
    columns = [column.id]
    where   = "total > 2000"
  }
  index "ix_lower" {
    on {
      expr = "lower(\"Upper\")"
    }
  }
  index "ix_id" {
    columns = [column.id, column.passed]
  }
  unique "runs_Upper_key" {
    columns = [column.Upper]
    include = [column.total]
  }
  check "total_check" {
    expr = "total >= 0"
  }
}
