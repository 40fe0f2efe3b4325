schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "a_b" {
    type = serial
  }
}
table "t_a" {
  schema = schema.public
  column "b" {
    type = serial
  }
  primary_key {
    columns = [column.b]
  }
}
