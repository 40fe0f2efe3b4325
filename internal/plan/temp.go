package plan

import (
	"strconv"
	"unicode/utf8"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// maxIdent is the longest identifier in bytes; PostgreSQL cuts longer ones.
const maxIdent = 63

// fit returns name with suffix behind it, name cut between two characters if need be.
func fit(name, suffix string) string {
	for len(name)+len(suffix) > maxIdent {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	return name + suffix
}

// freeName returns the first of name+suffix, name+suffix2, ... that nobody has, and takes it.
func (d *differ) freeName(schema, name, suffix string, taken func(string) bool) string {
	for n := 1; ; n++ {
		s := suffix
		if n > 1 {
			s += strconv.Itoa(n)
		}
		free := fit(name, s)
		q := pgsql.QualifiedIdent(schema, free)
		if !taken(free) && !d.taken[q] {
			d.taken[q] = true
			return free
		}
	}
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
