schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = bigint
  }
  column "code" {
    type = integer
  }
  primary_key {
    columns = [column.id]
  }
  index "t_code" {
    unique  = true
    columns = [column.code]
  }
}
