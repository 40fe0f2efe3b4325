# The project file: which files belong to the schema, and which databases there are.
#
# It is read by this project's own commands and by the Atlas CLI alike. A name that
# neither of them knows is an error. Paths are relative to this file; expressions are
# evaluated for the chosen env alone. Passwords have no place here: they come from the
# environment.

# Where the database is. While this is empty, the commands go on to Ibutsu's own variables:
# SQLALCHEMY_DATABASE_URI, POSTGRESQL_HOST and its like, POSTGRES_*, then libpq's PG*.
variable "url" {
  type    = string
  default = getenv("DATABASE_URL")
}

locals {
  # A throwaway PostgreSQL of production's major version: for the Atlas CLI a container,
  # for the commands here a server that they start themselves, without Docker.
  dev = "docker://postgres/15/dev"

  # The two tables that hold the record of what was applied. They belong to no migration:
  # without these lines `atlas schema apply` would drop them. Both spellings are needed:
  # the bare name counts where the URL selects one schema (search_path=public), the
  # qualified one where it does not.
  record = [
    "public.alembic_version", "alembic_version",
    "public.atlas_schema_revisions", "atlas_schema_revisions",
  ]
}

# On your own machine. `-env=local` always means the local PostgreSQL that the commands
# start for this folder (`dev:up`, `dev:down`, `dev:reset`, `dev:url`); the url serves the Atlas CLI.
env "local" {
  src     = "file://schema.hcl"
  url     = var.url
  dev     = local.dev
  exclude = local.record
  migration {
    dir              = "file://migrations"
    revisions_schema = "public"
  }
}

# In a pull request: plans, checks and lints, mostly without any database but the dev one.
env "ci" {
  src     = "file://schema.hcl"
  url     = var.url
  dev     = local.dev
  exclude = local.record
  migration {
    dir              = "file://migrations"
    revisions_schema = "public"
  }

  # What the migrations may take where they are replayed, which these are the defaults of.
  replay_statement_timeout = "1m"  # one statement
  replay_timeout           = "30m" # all statements of a command
  replay_disk              = "4GB" # the throwaway server's files
}

# In the deploy pipeline. Without a database in the environment this is an error.
env "prod" {
  src     = "file://schema.hcl"
  url     = var.url
  dev     = local.dev
  exclude = local.record
  migration {
    dir              = "file://migrations"
    revisions_schema = "public"
  }

  # How long a statement waits for a lock, with the application's statements queueing behind
  # it, before it gives way and tries again.
  lock_timeout = "2s"
}

# What lint stops. Each of its checks is an error or a warning by itself; a block of an
# analyzer (destructive, data_depend, incompatible, condrop, concurrent_index, blocking,
# transaction, style, naming) or of a single check, by its name or code, says otherwise:
#
#   check "missing-lock-timeout" { error = true }        # a check that is off by itself is on
#   check "drop-view" { skip = true }                    # and this one is off
#   destructive { allow_table { match = "tmp_.*" } }     # whole names, as regular expressions
#   allow_table { match = "audit\\..*" }                  # in all checks
#   destructive { force = true }                         # no -- atlas:nolint silences it
#
# Changed files are those since the merge base with the pull request's base, or origin/HEAD,
# main, master: lint { git { base = "..." } } names another.
lint {
  destructive {
    error = true
  }
}
