schema "public" {
}
table "c" {
  schema = schema.public
  column "nr" {
    type = serial
  }
  column "x" {
    type = int
  }
  primary_key {
    columns = [column.nr]
  }
}
table "d" {
  schema = schema.public
  column "id" {
    type = serial
  }
  column "y" {
    type = int
  }
  primary_key {
    columns = [column.id]
  }
}
