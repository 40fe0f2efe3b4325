# Ibutsu's schema. Edit this file, then run plan, which writes the migrations; migrations
# that exist are never edited.
#
# Conventions
#   - Columns are in the order of the tables. Add a new one at the end of its table, where
#     PostgreSQL adds it. A column without "null = true" is NOT NULL.
#   - The application generates ids, so they have no default.
#   - Primary keys have PostgreSQL's default name, TABLE_pkey, and so need no name here.
#   - Times are "timestamp", without a zone, and mean UTC.
#   - An indexed expression is written as PostgreSQL prints it (psql: \d results),
#     including casts and parentheses. Atlas compares texts: if it were written differently,
#     the index would be planned again and again.
#   - An index with a descending column has "on" blocks.
#
# alembic_version and atlas_schema_revisions, which record a database's version, belong to
# the tool and aren't declared.

schema "public" {
}

# ----------------------------------------------------------------------------
# Who may do what
#
# groups <- users <- tokens. A user sees their projects in users_projects and those
# that they own.
# ----------------------------------------------------------------------------

# Teams. Users and projects may belong to one.
table "groups" {
  schema = schema.public

  column "id" {
    type = uuid
  }
  column "name" {
    type = text
    null = true
  }
  column "data" {
    type = jsonb
    null = true
  }

  primary_key {
    columns = [column.id]
  }

  # Found by name.
  index "ix_groups_name" {
    columns = [column.name]
  }
}

# People and service accounts. _password is a bcrypt hash, or NULL for users who only log in with
# a provider such as Google or Keycloak; activation_code is for confirming the email address.
table "users" {
  schema = schema.public

  column "id" {
    type = uuid
  }
  column "email" {
    type = text
  }
  column "_password" {
    type = text
    null = true
  }
  column "name" {
    type = text
    null = true
  }
  column "activation_code" {
    type = text
    null = true
  }
  column "is_superadmin" {
    type = boolean
  }
  column "is_active" {
    type = boolean
  }
  column "group_id" {
    type = uuid
    null = true
  }

  primary_key {
    columns = [column.id]
  }

  foreign_key "users_group_id_fkey" {
    columns     = [column.group_id]
    ref_columns = [table.groups.column.id]
  }

  # Users log in by email, so it is unique.
  index "ix_users_email" {
    unique  = true
    columns = [column.email]
  }

  # The members of a group.
  index "ix_users_group_id" {
    columns = [column.group_id]
  }
}

# API tokens, for test runners and scripts that act as a user.
table "tokens" {
  schema = schema.public

  column "id" {
    type = uuid
  }
  column "name" {
    type = text
  }
  column "token" {
    type = text
  }
  column "expires" {
    type = timestamp
    null = true
  }
  column "user_id" {
    type = uuid
    null = true
  }

  primary_key {
    columns = [column.id]
  }

  foreign_key "tokens_user_id_fkey" {
    columns     = [column.user_id]
    ref_columns = [table.users.column.id]
  }

  # The tokens of a user.
  index "ix_tokens_user_id" {
    columns = [column.user_id]
  }
}

# ----------------------------------------------------------------------------
# Projects and dashboards
#
# Everything below belongs to a project. projects and dashboards refer to each other: a
# project has a default dashboard, and a dashboard belongs to a project.
# ----------------------------------------------------------------------------

# The root of what a team sees. name is for API clients and imports ("insights-qe"),
# title is for people.
table "projects" {
  schema = schema.public

  column "id" {
    type = uuid
  }
  column "name" {
    type = text
    null = true
  }
  column "title" {
    type = text
    null = true
  }
  column "owner_id" {
    type = uuid
    null = true
  }
  column "group_id" {
    type = uuid
    null = true
  }
  column "default_dashboard_id" {
    type = uuid
    null = true
  }

  primary_key {
    columns = [column.id]
  }

  foreign_key "projects_owner_id_fkey" {
    columns     = [column.owner_id]
    ref_columns = [table.users.column.id]
  }
  foreign_key "projects_group_id_fkey" {
    columns     = [column.group_id]
    ref_columns = [table.groups.column.id]
  }
  foreign_key "fk_project_default_dashboard" {
    columns     = [column.default_dashboard_id]
    ref_columns = [table.dashboards.column.id]
  }

  # Found by either name.
  index "ix_projects_name" {
    columns = [column.name]
  }
  index "ix_projects_title" {
    columns = [column.title]
  }

  # An owner's projects, a group's projects.
  index "ix_projects_owner_id" {
    columns = [column.owner_id]
  }
  index "ix_projects_group_id" {
    columns = [column.group_id]
  }
}

# The members of projects. The primary key finds a user's projects.
table "users_projects" {
  schema = schema.public

  column "user_id" {
    type = uuid
  }
  column "project_id" {
    type = uuid
  }

  primary_key {
    columns = [column.user_id, column.project_id]
  }

  foreign_key "users_projects_user_id_fkey" {
    columns     = [column.user_id]
    ref_columns = [table.users.column.id]
  }
  foreign_key "users_projects_project_id_fkey" {
    columns     = [column.project_id]
    ref_columns = [table.projects.column.id]
  }
}

# Pages of widgets. A dashboard with user_id is a user's own, otherwise it is the project's.
table "dashboards" {
  schema = schema.public

  column "id" {
    type = uuid
  }
  column "title" {
    type = text
    null = true
  }
  column "description" {
    type = text
    null = true
  }
  column "filters" {
    type = text
    null = true
  }
  column "project_id" {
    type = uuid
    null = true
  }
  column "user_id" {
    type = uuid
    null = true
  }

  primary_key {
    columns = [column.id]
  }

  foreign_key "fk_dashboards_project_id" {
    columns     = [column.project_id]
    ref_columns = [table.projects.column.id]
  }
  foreign_key "dashboards_user_id_fkey" {
    columns     = [column.user_id]
    ref_columns = [table.users.column.id]
  }

  # Listed by owner, searched by title.
  index "ix_dashboards_project_id" {
    columns = [column.project_id]
  }
  index "ix_dashboards_user_id" {
    columns = [column.user_id]
  }
  index "ix_dashboards_title" {
    columns = [column.title]
  }
}

# The content of a dashboard, in order of weight: a widget and its params. type is
# "widget" on a dashboard, or "view" for a page of its own; a navigable view is in the
# menu.
table "widget_configs" {
  schema = schema.public

  column "id" {
    type = uuid
  }
  column "project_id" {
    type = uuid
    null = true
  }
  column "dashboard_id" {
    type = uuid
    null = true
  }
  column "title" {
    type = text
    null = true
  }
  column "type" {
    type = text
    null = true
  }
  column "weight" {
    type = integer
    null = true
  }
  column "widget" {
    type = text
    null = true
  }
  column "params" {
    type = jsonb
    null = true
  }
  column "navigable" {
    type = boolean
    null = true
  }

  primary_key {
    columns = [column.id]
  }

  foreign_key "widget_configs_project_id_fkey" {
    columns     = [column.project_id]
    ref_columns = [table.projects.column.id]
  }
  foreign_key "widget_configs_dashboard_id_fkey" {
    columns     = [column.dashboard_id]
    ref_columns = [table.dashboards.column.id]
  }

  # A dashboard's widgets, a project's views.
  index "ix_widget_configs_dashboard_id" {
    columns = [column.dashboard_id]
  }
  index "ix_widget_configs_project_id" {
    columns = [column.project_id]
  }

  # The API filters and sorts by any of these.
  index "ix_widget_configs_title" {
    columns = [column.title]
  }
  index "ix_widget_configs_type" {
    columns = [column.type]
  }
  index "ix_widget_configs_weight" {
    columns = [column.weight]
  }
  index "ix_widget_configs_widget" {
    columns = [column.widget]
  }
  index "ix_widget_configs_navigable" {
    columns = [column.navigable]
  }
}

# ----------------------------------------------------------------------------
# Test runs and their results
#
# runs <- results <- artifacts: the three big tables, results by far the biggest. env,
# component and source are on a run and also on each of its results, so that results can be
# filtered without a join.
#
# data is what the test runner sent. Expression indexes serve the paths that the web pages
# filter by; any other path needs a scan.
# ----------------------------------------------------------------------------

# One execution of a test suite. summary counts its results ("tests", "passes", "failures",
# "errors", "skips", "xfailures", "xpasses") and has "pass_percent", an integer.
# start_time is the test runner's, created the server's.
table "runs" {
  schema = schema.public

  column "id" {
    type = uuid
  }
  column "project_id" {
    type = uuid
    null = true
  }
  column "data" {
    type = jsonb
    null = true
  }
  column "env" {
    type = text
    null = true
  }
  column "component" {
    type = text
    null = true
  }
  column "source" {
    type = text
    null = true
  }
  column "start_time" {
    type = timestamp
  }
  column "duration" {
    type = double_precision
    null = true
  }
  column "summary" {
    type = jsonb
    null = true
  }
  column "created" {
    type = timestamp
  }

  primary_key {
    columns = [column.id]
  }

  foreign_key "runs_project_id_fkey" {
    columns     = [column.project_id]
    ref_columns = [table.projects.column.id]
  }

  # Lists of runs: filtered by these, sorted by time.
  index "ix_runs_project_id" {
    columns = [column.project_id]
  }
  index "ix_runs_env" {
    columns = [column.env]
  }
  index "ix_runs_component" {
    columns = [column.component]
  }
  index "ix_runs_source" {
    columns = [column.source]
  }
  index "ix_runs_start_time" {
    columns = [column.start_time]
  }
  index "ix_runs_created" {
    columns = [column.created]
  }
  index "ix_runs_duration" {
    columns = [column.duration]
  }

  # All runs of a Jenkins job, or of one build. The third serves both together, the other
  # two one of them.
  index "ix_runs_jenkins_job_name" {
    on {
      expr = "(((data -> 'jenkins'::text) ->> 'job_name'::text))"
    }
  }
  index "ix_runs_jenkins_build_number" {
    on {
      expr = "(((data -> 'jenkins'::text) ->> 'build_number'::text))"
    }
  }
  index "ix_runs_jjn_jbn" {
    on {
      expr = "(((data -> 'jenkins'::text) ->> 'job_name'::text))"
    }
    on {
      expr = "(((data -> 'jenkins'::text) ->> 'build_number'::text))"
    }
  }

  # Runs with a tag (@>, ?); any containment test on a summary.
  index "ix_runs_tags" {
    type = GIN
    on {
      expr = "((data -> 'tags'::text))"
    }
  }
  index "ix_runs_summary" {
    type    = GIN
    columns = [column.summary]
  }

  # Ranges of pass_percent (summary is GIN-indexed above, but GIN has no <).
  # Building it, or writing a row, fails if a pass_percent isn't an integer.
  index "ix_runs_pass_percent" {
    on {
      expr = "(((summary ->> 'pass_percent'::text))::integer)"
    }
  }
}

# A test in a run. test_id names the test, result is its outcome ("passed", "failed",
# "error", "skipped", "xfailed", "xpassed"), params are its parameters.
table "results" {
  schema = schema.public

  column "id" {
    type = uuid
  }
  column "project_id" {
    type = uuid
    null = true
  }
  column "run_id" {
    type = uuid
    null = true
  }
  column "test_id" {
    type = text
    null = true
  }
  column "result" {
    type = text
    null = true
  }
  column "data" {
    type = jsonb
    null = true
  }
  column "params" {
    type = jsonb
    null = true
  }
  column "duration" {
    type = double_precision
    null = true
  }
  column "start_time" {
    type = timestamp
  }
  column "source" {
    type = text
    null = true
  }
  column "env" {
    type = text
    null = true
  }
  column "component" {
    type = text
    null = true
  }

  primary_key {
    columns = [column.id]
  }

  foreign_key "results_project_id_fkey" {
    columns     = [column.project_id]
    ref_columns = [table.projects.column.id]
  }
  foreign_key "results_run_id_fkey" {
    columns     = [column.run_id]
    ref_columns = [table.runs.column.id]
  }

  # A run's results, and a project's.
  index "ix_results_run_id" {
    columns = [column.run_id]
  }
  index "ix_results_project_id" {
    columns = [column.project_id]
  }

  # A run's results in a project, and a test's.
  index "ix_results_run_id_project_id" {
    columns = [column.run_id, column.project_id]
  }
  index "ix_results_run_id_test_id" {
    columns = [column.run_id, column.test_id]
  }

  # Lists of results: filtered by these, sorted by time.
  index "ix_results_test_id" {
    columns = [column.test_id]
  }
  index "ix_results_result" {
    columns = [column.result]
  }
  index "ix_results_env" {
    columns = [column.env]
  }
  index "ix_results_component" {
    columns = [column.component]
  }
  index "ix_results_source" {
    columns = [column.source]
  }
  index "ix_results_start_time" {
    columns = [column.start_time]
  }
  index "ix_results_duration" {
    columns = [column.duration]
  }

  # A component's results in an environment, newest first, and by outcome over time.
  index "ix_results_component_env_project" {
    on {
      column = column.component
    }
    on {
      column = column.env
    }
    on {
      column = column.project_id
    }
    on {
      column = column.start_time
      desc   = true
    }
  }
  index "ix_results_component_start_time_result_project_id" {
    columns = [column.component, column.start_time, column.result, column.project_id]
  }

  # Failures by assignee, classification and exception.
  index "ix_results_assignee" {
    on {
      expr = "((data ->> 'assignee'::text))"
    }
  }
  index "ix_results_classification" {
    on {
      expr = "((data ->> 'classification'::text))"
    }
  }
  index "ix_results_exception_name" {
    on {
      expr = "((data ->> 'exception_name'::text))"
    }
  }

  # Results of a Jenkins job or build.
  index "ix_results_jenkins_job_name" {
    on {
      expr = "(((data -> 'jenkins'::text) ->> 'job_name'::text))"
    }
  }
  index "ix_results_jenkins_build_number" {
    on {
      expr = "(((data -> 'jenkins'::text) ->> 'build_number'::text))"
    }
  }

  # Results with a tag, and those that cover a requirement (@>, ?).
  index "ix_results_tags" {
    type = GIN
    on {
      expr = "((data -> 'tags'::text))"
    }
  }
  index "ix_results_requirements" {
    type = GIN
    on {
      expr = "((data -> 'requirements'::text))"
    }
  }

  # Outcomes per release and snapshot of Red Hat Satellite.
  index "ix_results_result_satver_project_id_run_id_snapver" {
    on {
      column = column.result
    }
    on {
      expr = "((data ->> 'SatelliteVersion'::text))"
    }
    on {
      column = column.project_id
    }
    on {
      column = column.run_id
    }
    on {
      expr = "((data ->> 'SnapVersion'::text))"
    }
  }
}

# Files: logs, tracebacks, screenshots. Each belongs to a result or to a run, and the other
# key is NULL.
table "artifacts" {
  schema = schema.public

  column "id" {
    type = uuid
  }
  column "content" {
    type = bytea
    null = true
  }
  column "result_id" {
    type = uuid
    null = true
  }
  column "run_id" {
    type = uuid
    null = true
  }
  column "filename" {
    type = text
    null = true
  }
  column "data" {
    type = jsonb
    null = true
  }
  column "upload_date" {
    type = timestamp
  }

  primary_key {
    columns = [column.id]
  }

  foreign_key "artifacts_result_id_fkey" {
    columns     = [column.result_id]
    ref_columns = [table.results.column.id]
  }
  foreign_key "artifacts_run_id_fkey" {
    columns     = [column.run_id]
    ref_columns = [table.runs.column.id]
  }

  # A result's files, a run's files.
  index "ix_artifacts_result_id" {
    columns = [column.result_id]
  }
  index "ix_artifacts_run_id" {
    columns = [column.run_id]
  }

  # Finds a file before the same one is uploaded again.
  index "ix_artifacts_result_id_filename" {
    columns = [column.result_id, column.filename]
  }
  index "ix_artifacts_run_id_filename" {
    columns = [column.run_id, column.filename]
  }

  # Found by name; cleaned up by age.
  index "ix_artifacts_filename" {
    columns = [column.filename]
  }
  index "ix_artifacts_upload_date" {
    columns = [column.upload_date]
  }
}

# ----------------------------------------------------------------------------
# Imports
#
# Uploaded archives (JUnit XML, Ibutsu's own format), which a worker turns into runs and
# results.
# ----------------------------------------------------------------------------

# An upload and its progress.
table "imports" {
  schema = schema.public

  column "id" {
    type = uuid
  }
  column "filename" {
    type = text
    null = true
  }
  column "format" {
    type = text
    null = true
  }
  column "data" {
    type = jsonb
    null = true
  }
  column "status" {
    type = text
    null = true
  }
  column "created" {
    type    = timestamp
    default = sql("now()")
  }

  primary_key {
    columns = [column.id]
  }

  # Listed by these; cleaned up by age, so created is never NULL.
  index "ix_imports_filename" {
    columns = [column.filename]
  }
  index "ix_imports_format" {
    columns = [column.format]
  }
  index "ix_imports_status" {
    columns = [column.status]
  }
  index "ix_imports_created" {
    columns = [column.created]
  }
}

# The bytes of an upload, separate from imports so that listing those doesn't read them. A
# file is deleted with its import.
table "import_files" {
  schema = schema.public

  column "id" {
    type = uuid
  }
  column "import_id" {
    type = uuid
  }
  column "content" {
    type = bytea
    null = true
  }

  primary_key {
    columns = [column.id]
  }

  foreign_key "import_files_import_id_fkey" {
    columns     = [column.import_id]
    ref_columns = [table.imports.column.id]
    on_delete   = CASCADE
  }

  # The file of an import, for reading it and for deleting it with the import.
  index "ix_import_files_import_id" {
    columns = [column.import_id]
  }
}
