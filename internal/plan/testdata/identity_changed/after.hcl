schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = bigint
    identity {
      generated = ALWAYS
      start     = 100
      increment = 10
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
