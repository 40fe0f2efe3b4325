schema "public" {
}
table "b" {
  schema = schema.public
  column "id" {
    type = int
    default = sql("nextval('a_id_seq')")
  }
  primary_key {
    columns = [column.id]
  }
}
