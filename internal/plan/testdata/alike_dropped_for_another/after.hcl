schema "public" {
}
table "t" {
  schema = schema.public
  column "k" {
    type = int
  }
  primary_key {
    columns = [column.k]
  }
  index "k_0_too" {
    unique  = true
    columns = [column.k]
  }
}
