package adopt

// For tests.
var (
	WithoutRows = withoutRows
	OrderAfter  = orderAfter
	ReadOrder   = readOrder
	Ago         = ago
	Percent     = percent
)
