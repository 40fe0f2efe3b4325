schema "public" {
}
table "t" {
  schema = schema.public
  column "a" {
    type = int
    null = true
  }
  column "name" {
    type = text
    null = true
  }
  column "data" {
    type = jsonb
    null = true
  }
  index "iname" {
    on {
      column = column.name
      ops    = text_pattern_ops
    }
    on {
      expr = "lower(name)"
      desc = true
    }
    where = "a > 0"
  }
  index "idata" {
    on {
      column = column.data
      ops    = jsonb_path_ops
    }
    type = GIN
  }
}
