package online

import "github.com/ibutsu/ibutsu-schema/internal/pgsql"

// freeName returns a name that nobody has, and takes it.
func (d *differ) freeName(schema, name, suffix string, taken func(string) bool) string {
	free := pgsql.FreeName(name, suffix, func(free string) bool { return taken(free) || d.taken[pgsql.QualifiedIdent(schema, free)] })
	d.taken[pgsql.QualifiedIdent(schema, free)] = true
	return free
}

// indexName returns a name for an index next to the one called name.
func (d *differ) indexName(t *table, name, suffix string) string {
	return d.freeName(t.Schema, name, suffix, func(free string) bool {
		q := pgsql.QualifiedIdent(t.Schema, free)
		return d.have.relations[q] || d.want.relations[q]
	})
}

// constraintName returns a name for a constraint of the table.
func (d *differ) constraintName(t *table, name, suffix string) string {
	return d.freeName(t.Schema, name, suffix, func(free string) bool {
		for _, f := range []*facts{d.have, d.want} {
			if o := f.tables[t.String()]; o != nil && o.constraint(free) != nil {
				return true
			}
		}
		return false
	})
}
