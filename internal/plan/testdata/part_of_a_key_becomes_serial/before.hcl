schema "public" {
}
table "t" {
  schema = schema.public
  column "a" {
    type = int
  }
  column "n" {
    type = int
  }
  primary_key {
    columns = [column.a, column.n]
  }
}
