schema "public" {
}
table "runs" {
  schema = schema.public
  column "id" {
    type = uuid
  }
  column "n" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
table "other" {
  schema = schema.public
  column "id" {
    type = uuid
  }
  column "n" {
    type = int
  }
  primary_key "other PK" {
    columns = [column.id, column.n]
  }
}
table "new" {
  schema = schema.public
  column "id" {
    type = uuid
  }
  primary_key "pk_new" {
    columns = [column.id]
  }
}
table "same" {
  schema = schema.public
  column "id" {
    type = uuid
  }
  primary_key "pk_same" {
    columns = [column.id]
  }
}
