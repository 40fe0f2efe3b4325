schema "public" {
}
enum "mood" {
  schema = schema.public
  values = ["ok", "sad"]
}
table "t" {
  schema = schema.public
  column "B" {
    type = int
  }
  column "a" {
    type = text
  }
  column "a_renamed" {
    type = enum.mood
  }
  index "ix" {
    columns = [column.B]
  }
}
