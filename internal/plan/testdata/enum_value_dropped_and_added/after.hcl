schema "public" {
}
enum "mood" {
  schema = schema.public
  values = ["it's new", "ok"]
}
table "t" {
  schema = schema.public
  column "m" {
    type = enum.mood
  }
}
