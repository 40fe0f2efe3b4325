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
  primary_key {
    columns = [column.Id]
  }
  index "Users: select" {
    columns = [column.select]
  }
}
