schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = bigint
    identity {
      generated = ALWAYS
    }
  }
  column "n" {
    type = int
  }
  column "twice" {
    type = int
    null = true
  }
}
