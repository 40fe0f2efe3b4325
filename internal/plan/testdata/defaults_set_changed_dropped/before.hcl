schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "a" {
    type = int
  }
  column "b" {
    type = int
    default = 1
  }
  column "c" {
    type = text
    default = "x"
  }
  primary_key {
    columns = [column.id]
  }
}
