schema "public" {
}

table "results" {
  schema = schema.public
  column "run" {
    null = false
    type = integer
  }
  column "Name" {
    null = false
    type = text
  }
  column "code" {
    null = true
    type = integer
  }
  column "token" {
    null    = false
    type    = uuid
    default = sql("gen_random_uuid()")
  }
  unique "results_code" {
    columns = [column.code]
  }
  unique "results_run_name" {
    columns = [column.run, column.Name]
  }
}
