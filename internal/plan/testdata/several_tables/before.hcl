schema "public" {
}
table "runs" {
  schema = schema.public
  column "id" {
    type = int
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
  column "source" {
    type = text
    null = true
  }
  column "duration" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
table "notes" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "text" {
    type = text
    null = true
  }
  primary_key {
    columns = [column.id]
  }
}
