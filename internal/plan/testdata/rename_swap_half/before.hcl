schema "public" {
}
enum "mood" {
  schema = schema.public
  values = ["sad", "ok"]
}
table "t" {
  schema = schema.public
  column "a" {
    type = int
  }
  column "B" {
    type = text
  }
  column "a_renamed" {
    type = enum.mood
  }
  index "ix" {
    columns = [column.a]
  }
}
