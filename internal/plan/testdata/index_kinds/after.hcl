schema "public" {
}
table "t" {
  schema = schema.public
  column "a" {
    type = int
  }
  column "b" {
    type = text
    null = true
  }
  index "covering" {
    columns = [column.a]
    include = [column.b]
    unique  = true
  }
  index "not_distinct" {
    columns        = [column.b]
    unique         = true
    nulls_distinct = false
  }
  index "pattern" {
    on {
      column = column.b
      ops    = text_pattern_ops
    }
    on {
      column     = column.a
      desc       = true
      nulls_last = true
    }
  }
  index "hashed" {
    columns = [column.b]
    type    = HASH
  }
}
