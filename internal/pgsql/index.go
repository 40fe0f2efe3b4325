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
	After        int    // offset in the text of what follows the table's name, Create only
}

// Index returns what s names, if s is a CREATE INDEX, or a DROP INDEX of one index.
func (s Stmt) Index() (Index, bool) {
	r := newReader(s.Text)
	switch {
	case r.accept("CREATE"):
		return r.createIndex()
	case r.accept("DROP"):
		return r.dropIndex()
	}
	return Index{}, false
}

func (r *reader) createIndex() (Index, bool) {
	x := Index{Create: true}
	x.Unique = r.accept("UNIQUE")
	if !r.accept("INDEX") {
		return Index{}, false
	}
	x.Concurrently = r.accept("CONCURRENTLY")
	x.IfNotExists = r.ifNotExists()
	if !r.is("ON") {
		x.Name, _ = r.name()
	}
	if !r.accept("ON") {
		return Index{}, false
	}
	var ok bool
	x.TableSchema, x.Table, ok = r.relation()
	x.Schema = x.TableSchema
	x.After = r.start
	if !ok || r.kind == 0 {
		return Index{}, false
	}
	return x, true
}

func (r *reader) dropIndex() (Index, bool) {
	if !r.accept("INDEX") {
		return Index{}, false
	}
	x := Index{Drop: true}
	x.Concurrently = r.accept("CONCURRENTLY")
	x.IfExists = r.ifExists()
	var ok bool
	x.Schema, x.Name, ok = r.qualifiedName()
	if !ok || r.is(",") {
		return Index{}, false
	}
	return x, true
}
