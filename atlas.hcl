env "local" {
  src = "file://schema.hcl"
  migration {
    dir = "file://migrations"
  }
}
