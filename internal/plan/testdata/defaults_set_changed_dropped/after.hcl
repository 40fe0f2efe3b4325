schema "public" {
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "a" {
    type = int
    default = 7
  }
  column "b" {
    type = int
    default = 2
  }
  column "c" {
    type = text
  }
  primary_key {
    columns = [column.id]
  }
}
