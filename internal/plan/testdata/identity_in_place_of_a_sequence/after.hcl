schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = int
    identity {
      generated = ALWAYS
    }
  }
  primary_key {
    columns = [column.id]
  }
}
table "u" {
  schema = schema.public
  column "id" {
    type = int
    identity {
      generated = ALWAYS
    }
  }
  primary_key {
    columns = [column.id]
  }
}
