schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = bigint
    default = sql("nextval('order_no')")
  }
  primary_key {
    columns = [column.id]
  }
}
