enum "mood" {
  schema = schema.public
  values = ["sad", "so so", "ok"]
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
    default = "so so"
  }
  primary_key {
    columns = [column.id]
  }
}
