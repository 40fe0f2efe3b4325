schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = bigint
    default = sql("nextval('two')")
  }
  primary_key {
    columns = [column.id]
  }
}
