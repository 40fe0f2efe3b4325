schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "at" {
    type = timestamptz
    null = true
    default = sql("clock_timestamp()")
  }
}
