# The schema as it should be. After an edit, `plan` writes the migration that leads there.
# `inspect -url=postgres://...` prints that of an existing database.

schema "public" {
}
