schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "Day" {
    type = date
  }
  column "Token x" {
    type = float
    default = sql("random()")
  }
  primary_key {
    columns = [column.Day, column.id]
  }
}
