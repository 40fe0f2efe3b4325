package adopt

// For tests.
var (
	Matches     = matches
	WithoutRows = withoutRows
	Ago         = ago
	Percent     = percent
)
