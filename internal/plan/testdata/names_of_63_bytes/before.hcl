schema "public" {
}
table "lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllé" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc" {
    type = text
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  index "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii" {
    columns = [column.ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc]
  }
  check "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkké" {
    expr = "length(ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc) > 0"
  }
}
