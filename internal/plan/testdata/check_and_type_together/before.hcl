schema "public" {
}
table "orders" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "amount" {
    type = int
  }
  column "qty" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  check "orders_positive" {
    expr = "qty > 0"
  }
}
