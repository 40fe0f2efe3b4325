# The project file: the schema's files, and the databases. Paths are relative to it. Don't
# write passwords here: they come from the environment.

# Where the database is. If this is empty, the commands try SQLALCHEMY_DATABASE_URI,
# POSTGRESQL_*, POSTGRES_*, then libpq's PG*.
variable "url" {
  type    = string
  default = getenv("DATABASE_URL")
}

locals {
  # A throwaway PostgreSQL of production's major version, on which the commands try out
  # what migrations do. They start it themselves, without Docker.
  dev = "docker://postgres/15/dev"

  # The two tables that record what was applied. No migration creates them.
  record = [
    "public.alembic_version", "alembic_version",
    "public.atlas_schema_revisions", "atlas_schema_revisions",
  ]
}

# On your own machine. -env=local is the local PostgreSQL that the commands start for this
# folder, without a url.
env "local" {
  src     = "file://schema.hcl"
  dev     = local.dev
  exclude = local.record
  migration {
    dir              = "file://migrations"
    revisions_schema = "public"
  }
}

# In pull requests, for check and lint.
env "ci" {
  src     = "file://schema.hcl"
  dev     = local.dev
  exclude = local.record
  migration {
    dir              = "file://migrations"
    revisions_schema = "public"
  }
}

# In the deploy pipeline.
env "prod" {
  src     = "file://schema.hcl"
  url     = var.url
  dev     = local.dev
  exclude = local.record
  migration {
    dir              = "file://migrations"
    revisions_schema = "public"
  }

  # How long a statement waits for a lock, while the application's statements wait for it,
  # before it gives up and is retried.
  lock_timeout = "2s"

  # How statements with -- migrate:batch run: the size of a batch adapts to the target,
  # within the bounds (rows).
  batch {
    target      = "500ms"
    min_size    = 100
    max_size    = 100000
    vacuum_wait = "1m" # in all, while the table is vacuumed
    # max_replica_lag = "10s" # batches wait while a replica lags more
  }
}
