env "local" {
  src = "file://schema.hcl"
  dev = "docker://postgres/15/dev"
  migration {
    dir              = "file://migrations"
    revisions_schema = "journal"
  }
  alembic_version_schema = "public"
}

env "prod" {
  src = "file://schema.hcl"
  url = getenv("DATABASE_URL")
  dev = "docker://postgres/15/dev"
  migration {
    dir              = "file://migrations"
    revisions_schema = "journal"
  }
  alembic_version_schema = "public"
}
