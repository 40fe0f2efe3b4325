// The benchmarks, in a module of their own so that what they compare with never
// becomes a dependency of the tool.
module github.com/ibutsu/ibutsu-schema/internal/bench

go 1.26

require github.com/ibutsu/ibutsu-schema v0.0.0

replace github.com/ibutsu/ibutsu-schema => ../..
