schema "public" {
}
schema "app" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "a" {
    type = int
    null = true
  }
}
table "app" "t" {
  schema = schema.app
  column "id" {
    type = int
  }
  column "a" {
    type = int
    null = true
  }
}
