env "local" {
  src = "file://schema.hcl"
  migration {
    dir              = "file://migrations"
    revisions_schema = "public"
  }
}

env "prod" {
  src = "file://schema.hcl"
  url = getenv("DATABASE_URL")
  migration {
    dir              = "file://migrations"
    revisions_schema = "public"
  }
}
