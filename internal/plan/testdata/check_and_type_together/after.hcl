schema "public" {
}
table "orders" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "amount" {
    type = numeric(12,2)
  }
  column "qty" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  check "orders_little" {
    expr = "amount < 1000"
  }
  check "orders_positive" {
    expr = "qty > 0 AND amount >= 0"
  }
}
