schema "public" {
}
enum "mood" {
  schema = schema.public
  values = ["sad", "ok"]
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "mood" {
    type = enum.mood
  }
  primary_key {
    columns = [column.id]
  }
}
