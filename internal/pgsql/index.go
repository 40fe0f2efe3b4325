package pgsql

// Index describes a CREATE INDEX or DROP INDEX statement. As in PostgreSQL, names are folded, unquoted and truncated to
// 63 bytes. A schema is empty if the statement doesn't name it.
type Index struct {
	Create       bool
	Drop         bool
	Unique       bool // Create only
	Concurrently bool
	IfNotExists  bool   // Create only
	IfExists     bool   // Drop only
	Schema       string // the index's: as written for Drop, the table's for Create
	Name         string // empty if PostgreSQL chooses it
	TableSchema  string // Create only
	Table        string // Create only
	After        int    // offset of the text after the table's name, Create only
}

// Index parses a CREATE INDEX, or a DROP INDEX of one index. ok is false for other statements.
func (s Stmt) Index() (index Index, ok bool) {
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
