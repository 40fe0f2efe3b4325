schema "public" {
}
schema "My App" {
}
table "It's t" {
  schema = schema["My App"]
  column "I d" {
    type = smallserial
  }
  column "select" {
    type = smallserial
  }
  primary_key {
    columns = [column["I d"]]
  }
}
table "draws" {
  schema = schema["My App"]
  column "id" {
    type = serial
  }
  primary_key {
    columns = [column.id]
  }
}
