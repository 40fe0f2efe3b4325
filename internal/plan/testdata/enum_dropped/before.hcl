schema "public" {
}
enum "mood" {
  schema = schema.public
  values = ["sad", "ok", "happy"]
}
table "t" {
  schema = schema.public
  column "m" {
    type    = enum.mood
    default = "ok"
  }
  column "all" {
    type = sql("mood[]")
    null = true
  }
  column "n" {
    type = int
    null = true
  }
}
