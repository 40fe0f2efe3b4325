# The schema as it should be. After an edit, `plan` writes the migration that leads there.
# `baseline -url=postgres://...` writes that of an existing database.

schema "public" {
}
