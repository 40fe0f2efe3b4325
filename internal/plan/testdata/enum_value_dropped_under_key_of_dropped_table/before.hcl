schema "public" {
}
enum "mood" {
  schema = schema.public
  values = ["sad", "ok", "happy"]
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
table "people" {
  schema = schema.public
  column "mood" {
    type = enum.mood
    null = true
  }
  foreign_key "people_mood_fkey" {
    columns     = [column.mood]
    ref_columns = [table.moods.column.mood]
  }
}
