schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = serial
  }
  column "code" {
    type = text
    null = true
    default = sql("'T' || nextval('order_no')")
  }
  primary_key {
    columns = [column.id]
  }
}
