// What makes a release, in a module of its own so that what it is made with never
// becomes a dependency of the tool.
module github.com/ibutsu/ibutsu-schema/internal/ship

go 1.26.8

require (
	github.com/CycloneDX/cyclonedx-go v0.12.0
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
)

require golang.org/x/text v0.14.0 // indirect
