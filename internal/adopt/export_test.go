package adopt

// For tests.
var (
	WithoutRows = withoutRows
	Ago         = ago
	Percent     = percent
)
