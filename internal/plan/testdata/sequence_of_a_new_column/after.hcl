schema "public" {
}
table "a" {
  schema = schema.public
  column "id" {
    type = int
    default = sql("nextval('b_n_seq')")
  }
  column "n" {
    type = int
    default = sql("nextval('b_n_seq')")
  }
  primary_key {
    columns = [column.id]
  }
}
table "b" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "n" {
    type = serial
  }
  primary_key {
    columns = [column.id]
  }
}
