schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = int
    default = sql("nextval('t0_id_seq')")
  }
  column "n" {
    type = bigint
    null = true
  }
}
