schema "public" {
}
enum "mood" {
  schema = schema.public
  values = ["sad", "ok"]
}
table "t" {
  schema = schema.public
  column "m" {
    type = enum.mood
  }
}
