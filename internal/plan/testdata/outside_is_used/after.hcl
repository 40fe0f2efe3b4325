schema "public" {
}
table "runs" {
  schema = schema.public
  column "id" {
    type = uuid
  }
  column "summary" {
    type = jsonb
    null = true
  }
  column "p" {
    type = sql("percent")
    null = true
  }
  column "q" {
    type = sql("percent")
    null = true
  }
  column "mail" {
    type    = sql("citext")
    default = sql("code()")
  }
  primary_key {
    columns = [column.id]
  }
}
