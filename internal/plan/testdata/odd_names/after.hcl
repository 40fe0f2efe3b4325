schema "public" {
}
schema "App-Data" {
}
table "Users" {
  schema = schema.App-Data
  column "Id" {
    type = bigint
    identity {
      generated = ALWAYS
    }
  }
  column "select" {
    type = text
  }
  column "Ünïcode name" {
    type    = text
    default = "a; b -- c"
  }
  primary_key {
    columns = [column.Id]
  }
  index "Users: select" {
    columns = [column.select]
  }
  index "By Ünïcode" {
    on {
      column = column["Ünïcode name"]
      desc   = true
    }
    where = "\"select\" <> ''"
  }
}
