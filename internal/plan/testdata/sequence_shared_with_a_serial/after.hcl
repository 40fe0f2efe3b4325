schema "public" {
}
table "z" {
  schema = schema.public
  column "id" {
    type = serial
  }
  primary_key {
    columns = [column.id]
  }
}
table "b" {
  schema = schema.public
  column "id" {
    type = int
    default = sql("nextval('z_id_seq')")
  }
  column "n" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
