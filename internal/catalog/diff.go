package catalog

// Difference is one part of an object that two catalogs do not agree on.
type Difference struct {
	Table    string
	Object   string
	Kind     string
	Want     string
	Have     string
	Text     string
	Harmless bool
}

// Diff returns what must change in have to make it want.
func Diff(want, have Catalog) []Difference { return nil }
