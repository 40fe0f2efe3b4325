schema "public" {
}
table "Results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "a" {
    type    = int
    default = 0
  }
  column "b" {
    type = int
    null = true
  }
  column "c" {
    type = int
    null = true
  }
  column "d" {
    type = json
    null = true
  }
  column "e" {
    type = text
    null = true
  }
  check "b_is_number" {
    expr = "b > 0"
  }
  index "Ix c" {
    comment = "it's"
    columns = [column.c]
  }
  primary_key {
    columns = [column.id]
  }
}
