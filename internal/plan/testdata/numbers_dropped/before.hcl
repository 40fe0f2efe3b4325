schema "public" {
}
table "T" {
  schema = schema.public
  column "Id" {
    type = bigint
    identity {
      generated = BY_DEFAULT
      start     = 100
    }
  }
  column "no" {
    type = serial
  }
  primary_key {
    columns = [column.Id]
  }
}
