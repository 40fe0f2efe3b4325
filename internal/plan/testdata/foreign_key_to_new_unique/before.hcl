schema "public" {
}
table "runs" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "name" {
    type = text
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "run" {
    type = text
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
