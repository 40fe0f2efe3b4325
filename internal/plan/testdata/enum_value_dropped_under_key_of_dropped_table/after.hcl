schema "public" {
}
enum "mood" {
  schema = schema.public
  values = ["sad", "ok"]
}
table "moods" {
  schema = schema.public
  column "mood" {
    type = enum.mood
  }
  primary_key {
    columns = [column.mood]
  }
}
