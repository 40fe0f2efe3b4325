schema "public" {
}
table "t" {
  schema = schema.public
  column "id" {
    type = bigint
    
  }
  column "n" {
    type = int
  }
  column "twice" {
    type = int
    null = true
  }
}
