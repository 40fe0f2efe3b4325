schema "public" {
}
table "a_table_with_a_name_of_sixty_three_bytes_which_is_cut_by_suffix" {
  schema = schema.public
  column "id" {
    type = serial
  }
  primary_key {
    columns = [column.id]
  }
}
