schema "public" {
}
enum "mood" {
  schema = schema.public
  values = ["sad"]
}
table "t" {
  schema = schema.public
  column "m" {
    type = enum.mood
  }
}
