enum "mood" {
  schema = schema.public
  values = ["sad", "it's ok"]
}
schema "public" {
}
table "runs" {
  schema = schema.public
  column "id" {
    type = uuid
  }
  column "summary" {
    type = jsonb
    null = true
  }
  column "mood" {
    type    = enum.mood
    default = "sad"
  }
  primary_key {
    columns = [column.id]
  }
}
