# The project file: the schema's files, and the databases.
#
# Both this project's commands and the Atlas CLI read it. A name that neither of them
# knows is an error. Paths are relative to this file; only the chosen env's expressions
# are evaluated. Don't write passwords here: they come from the
# environment.

# Where the database is. If this is empty, the commands try Ibutsu's own variables:
# SQLALCHEMY_DATABASE_URI, POSTGRESQL_*, POSTGRES_*, then libpq's PG*.
variable "url" {
  type    = string
  default = getenv("DATABASE_URL")
}

locals {
  # A throwaway PostgreSQL of production's major version. The Atlas CLI uses a container,
  # the commands here start a server themselves, without Docker.
  dev = "docker://postgres/15/dev"

  # The two tables that record what was applied. No migration creates them, so without
  # these lines `atlas schema apply` would drop them. Both spellings are needed: the bare
  # name matches if the URL selects a schema (search_path=public), the qualified one if
  # it doesn't.
  record = [
    "public.alembic_version", "alembic_version",
    "public.atlas_schema_revisions", "atlas_schema_revisions",
  ]
}

# On your own machine. `-env=local` always means the local PostgreSQL that the commands
# start for this folder (`dev:up`, `dev:down`, `dev:reset`, `dev:url`); the url is for the Atlas CLI.
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

# In pull requests, for check and lint, which mostly need only the dev database.
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

# In the deploy pipeline. The environment must name a database.
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
}

# What lint reports. Each check is an error or a warning by default; a block for an
# analyzer (destructive, data_depend, incompatible, condrop, concurrent_index, blocking,
# transaction, style, naming) or for a check, by its name or code, overrides that:
#
#   check "missing-lock-timeout" { error = true }        # turns on a check that is off by default
#   check "drop-view" { skip = true }                    # turns off a check
#   destructive {
#     allow_table { match = "tmp_.*" }                   # a regular expression that matches the whole name
#   }
#   allow_table { match = "audit\\..*" }                  # in all checks
#   destructive { force = true }                         # -- atlas:nolint can't silence it
#
# Changed files are those since the merge base with the pull request's base, or origin/HEAD,
# main, master. base in lint's git block names another one. lint takes its settings from the base,
# so that a change can't decide how it is judged.
lint {
  destructive {
    error = true
  }
}

# What drift accepts. A pattern is the text of a difference, or the kind and name of an object;
# * stands for any characters, ? for one. A difference that isn't listed here, and isn't
# harmless, makes drift exit with 3.
drift {
  # From the recorded version:
  ignore = []

  # From what the Python models create (`drift -with=models.sql`, SQLAlchemy's statements as a
  # file): indexes and a default that only the migrations make, and the name of a key.
  with "models.sql" {
    ignore = [
      "constraint dashboards.dashboards_project_id_fkey",
      "imports.created has DEFAULT now(); models.sql says no default",
      "index artifacts.ix_artifacts_result_id_filename",
      "index artifacts.ix_artifacts_run_id_filename",
      "index results.ix_results_assignee",
      "index results.ix_results_classification",
      "index results.ix_results_component_env_project",
      "index results.ix_results_component_start_time_result_project_id",
      "index results.ix_results_exception_name",
      "index results.ix_results_jenkins_build_number",
      "index results.ix_results_jenkins_job_name",
      "index results.ix_results_requirements",
      "index results.ix_results_result_satver_project_id_run_id_snapver",
      "index results.ix_results_run_id_project_id",
      "index results.ix_results_run_id_test_id",
      "index results.ix_results_tags",
      "index runs.ix_runs_jenkins_build_number",
      "index runs.ix_runs_jenkins_job_name",
      "index runs.ix_runs_jjn_jbn",
      "index runs.ix_runs_pass_percent",
      "index runs.ix_runs_summary",
      "index runs.ix_runs_tags",
    ]
  }
}
