package online

import "github.com/ibutsu/ibutsu-schema/internal/pgsql"

// names chooses names for what the plan creates under a temporary name, or the plan's own.
type names struct {
	have, want *facts
	taken      map[string]bool // by earlier calls, qualified
}

// free returns an unused name, and marks it as taken.
func (n *names) free(schema, name, suffix string, taken func(string) bool) string {
	free := pgsql.FreeName(name, suffix, func(free string) bool { return taken(free) || n.taken[pgsql.QualifiedIdent(schema, free)] })
	n.taken[pgsql.QualifiedIdent(schema, free)] = true
	return free
}

// index returns a name for an index that resembles name.
func (n *names) index(t *table, name, suffix string) string {
	return n.free(t.Schema, name, suffix, func(free string) bool {
		q := pgsql.QualifiedIdent(t.Schema, free)
		return n.have.relations[q] || n.want.relations[q]
	})
}

// constraint returns a name for a constraint of the table that resembles name.
func (n *names) constraint(t *table, name, suffix string) string {
	return n.free(t.Schema, name, suffix, func(free string) bool {
		for _, f := range []*facts{n.have, n.want} {
			if o := f.tables[t.String()]; o != nil && o.constraint(free) != nil {
				return true
			}
		}
		return false
	})
}
