// The benchmarks, in a module of their own so that what they compare with never
// becomes a dependency of the tool.
module github.com/ibutsu/ibutsu-schema/internal/bench

go 1.26.8

require github.com/ibutsu/ibutsu-schema v0.0.0

require (
	ariga.io/atlas v1.3.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/pgx/v5 v5.12.0 // indirect
	golang.org/x/sync v0.23.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.41.0 // indirect
)

replace github.com/ibutsu/ibutsu-schema => ../..
