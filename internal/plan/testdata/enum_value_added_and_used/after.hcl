schema "public" {
}
enum "mood" {
  schema = schema.public
  values = ["sad", "so so", "ok"]
}
table "results" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "mood" {
    type = enum.mood
    default = "so so"
  }
  primary_key {
    columns = [column.id]
  }
}
