# Every attribute and block that a schema file can have.

variable "length" {
  type        = number
  default     = 40
  description = "of a name"
}

locals {
  note = "an order"
}

schema "public" {
}

schema "Shop Floor" {
  comment = "where it's made"
}

enum "state" {
  schema = schema["Shop Floor"]
  values = ["new", "it's paid"]
}

table "customer" {
  schema = schema["Shop Floor"]
  column "Id" {
    type = bigint
    identity {
      generated = ALWAYS
      start     = 10
      increment = 5
    }
  }
  column "name" {
    type = varchar(var.length)
  }
  primary_key {
    columns = [column.Id]
  }
}

# The schema as first label, because there is another one.
table "public" "event" {
  schema = schema.public
  column "at" {
    type    = timestamptz(3)
    default = sql("now()")
  }
  column "kind" {
    type = text
  }
  column "number" {
    type = serial
  }
  partition {
    type = RANGE
    by {
      column = column.at
    }
    by {
      expr = "lower(kind)"
    }
  }
}

table "Shop Floor" "event" {
  schema = schema["Shop Floor"]
  column "number" {
    type = int
  }
  partition {
    type    = LIST
    columns = [column.number]
  }
}

table "order" {
  schema  = schema["Shop Floor"]
  comment = "${local.note}, as it comes"
  column "Id" {
    type    = int
    comment = "the order's number"
  }
  column "customer id" {
    type = bigint
    null = true
  }
  column "state" {
    type    = enum.state
    default = "new"
  }
  column "total" {
    type    = numeric(12, 2)
    default = 0
  }
  column "paid" {
    type    = boolean
    default = false
  }
  column "tags" {
    type = sql("text[]")
  }
  column "data" {
    type    = jsonb
    default = sql("'{}'::jsonb")
  }
  column "code" {
    type = sql("text COLLATE \"C\"")
  }
  column "double" {
    type = numeric
    as   = "total * (2)::numeric"
  }
  column "triple" {
    type = numeric
    as {
      expr = "total * 3"
      type = STORED
    }
  }
  column "parent" {
    type = int
    null = true
  }
  primary_key "order key" {
    columns = [column.Id]
    include = [column.total]
  }
  foreign_key "order→customer" {
    columns     = [column["customer id"]]
    ref_columns = [table.customer.column.Id]
    on_update   = SET_NULL
    on_delete   = "set null"
  }
  foreign_key "of parent" {
    columns     = [column.parent]
    ref_columns = [column.Id]
    on_delete   = CASCADE
  }
  index "by data" {
    columns = [column.data]
    type    = GIN
    comment = "for the search"
  }
  index "by id" {
    columns        = [column.Id]
    type           = "brin"
    page_per_range = 32
  }
  index "by code" {
    unique         = true
    nulls_distinct = false
    include        = [column.paid]
    where          = "paid"
    on {
      column     = column.code
      ops        = text_pattern_ops
      desc       = true
      nulls_last = true
    }
    on {
      column      = column.parent
      nulls_first = true
    }
    on {
      expr = "lower(code)"
      ops  = sql("text_pattern_ops")
    }
    on {
      expr = "code COLLATE \"POSIX\""
    }
  }
  unique "by parent" {
    columns        = [column.parent, column.code]
    include        = [column.paid]
    nulls_distinct = false
    comment        = "only once"
  }
  unique "by total" {
    on {
      column = column.total
    }
  }
  check "not negative" {
    expr = "total >= 0"
  }
}
