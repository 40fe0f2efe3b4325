schema "public" {
}
table "lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllé" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc" {
    type = text
  }
  primary_key {
    columns = [column.id]
  }
  index "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii" {
    columns = [column.ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc, column.id]
  }
  check "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkké" {
    expr = "length(ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc) > 1"
  }
}
