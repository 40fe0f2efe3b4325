schema "Shop Floor" {
}

schema "public" {
}

enum "State" {
  schema = schema["Shop Floor"]
  values = ["new", "it's paid", "Shipped; done"]
}

table "Customer" {
  schema = schema["Shop Floor"]
  column "Id" {
    null = false
    type = bigint
    identity {
      generated = BY_DEFAULT
    }
  }
  column "e-mail" {
    null = false
    type = text
  }
  column "Notes" {
    null = true
    type = jsonb
  }
  primary_key {
    columns = [column.Id]
  }
  index "Customer Notes" {
    columns = [column.Notes]
    type    = GIN
  }
  index "Customer by e-mail" {
    unique = true
    on {
      expr = "lower(\"e-mail\")"
    }
  }
}

table "order" {
  schema = schema["Shop Floor"]
  column "Id" {
    null = false
    type = bigint
  }
  column "customer id" {
    null = true
    type = bigint
  }
  column "group" {
    null    = false
    type    = enum.State
    default = "new"
  }
  column "total" {
    null    = false
    type    = numeric(12, 2)
    default = 0
  }
  primary_key {
    columns = [column.Id]
  }
  foreign_key "order→customer" {
    columns     = [column["customer id"]]
    ref_columns = [table.Customer.column.Id]
    on_update   = NO_ACTION
    on_delete   = SET_NULL
  }
  check "total; not negative" {
    expr = "(total >= 0)"
  }
}
