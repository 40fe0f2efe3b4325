schema "public" {
}
schema "Sales" {
}
table "Customers" {
  schema = schema.Sales
  column "id" {
    type = bigint
  }
  column "code" {
    type = bigint
  }
  column "boss" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  unique "Customers_code_key" {
    columns = [column.code]
  }
  foreign_key "boss_fk" {
    columns     = [column.boss]
    ref_columns = [column.code]
  }
}
table "orders" {
  schema = schema.public
  column "id" {
    type = bigint
  }
  column "Code" {
    type = bigint
    null = true
  }
  column "customer" {
    type = bigint
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "code_fk" {
    columns     = [column.Code]
    ref_columns = [table.Customers.column.code]
  }
  foreign_key "customer_fk" {
    columns     = [column.customer]
    ref_columns = [table.Customers.column.id]
  }
}
