schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = bigint
    default = sql("nextval('t_id_seq')")
  }
  column "n" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
