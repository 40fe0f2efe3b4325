schema "public" {
}
schema "App Data" {
}
table "Test Runs" {
  schema = schema["App Data"]
  column "Id" {
    type = int
  }
  column "select" {
    type = text
    null = true
  }
  column "Ünï" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.Id]
  }
  check "Old" {
    expr = "\"Ünï\" > 0"
  }
}
