schema "public" {
}
table "a" {
  schema = schema.public
  column "id" {
    type = serial
  }
  column "of_b" {
    type = int
    default = sql("nextval('b_id_seq')")
  }
  column "of_a" {
    type = bigint
    null = true
    default = sql("nextval('a_id_seq')")
  }
}
table "b" {
  schema = schema.public
  column "id" {
    type = serial
  }
  column "of_a" {
    type = int
    default = sql("nextval('a_id_seq')")
  }
}
