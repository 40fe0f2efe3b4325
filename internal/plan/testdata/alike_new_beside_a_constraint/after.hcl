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
  unique "k_1" {
    columns = [column.k]
  }
  index "k_1_too" {
    unique  = true
    columns = [column.k]
  }
}
