package online

import (
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// names chooses names for what the plan creates under a temporary name, or the plan's own.
type names struct {
	have, want *facts
	all        catalog.Catalog // of have, with what schema.hcl doesn't manage
	taken      map[string]bool // by earlier calls and by what have lacks, qualified
	chosen     []string        // by earlier calls, qualified
}

// free returns an unused name, and marks it as taken.
func (n *names) free(schema, name, suffix string, taken func(string) bool) string {
	free := pgsql.FreeName(name, suffix, func(free string) bool { return taken(free) || n.taken[pgsql.QualifiedIdent(schema, free)] })
	q := pgsql.QualifiedIdent(schema, free)
	n.taken[q], n.chosen = true, append(n.chosen, q)
	return free
}

// index returns a name for an index that resembles name.
func (n *names) index(t *table, name, suffix string) string {
	return n.free(t.Schema, name, suffix, n.relation(t))
}

// constraint returns a name for a constraint of the table that resembles name.
func (n *names) constraint(t *table, name, suffix string) string {
	return n.free(t.Schema, name, suffix, n.constrains(t))
}

// key returns a name for a constraint of the table and its index that resembles name.
func (n *names) key(t *table, name, suffix string) string {
	relation, constrains := n.relation(t), n.constrains(t)
	return n.free(t.Schema, name, suffix, func(free string) bool { return relation(free) || constrains(free) })
}

// function returns a name for a function without arguments, which a constraint of the table may have, too.
func (n *names) function(t *table, name, suffix string) string {
	constrains := n.constrains(t)
	return n.free(t.Schema, name, suffix, func(free string) bool {
		_, exists := n.all.Def("function", pgsql.QualifiedIdent(t.Schema, free)+"()")
		return exists || constrains(free)
	})
}

// relation returns a function that reports whether a relation in the table's schema has a name.
func (n *names) relation(t *table) func(string) bool {
	return func(name string) bool {
		q := pgsql.QualifiedIdent(t.Schema, name)
		return n.have.relations[q] || n.want.relations[q]
	}
}

// constrains returns a function that reports whether a constraint of the table has a name.
func (n *names) constrains(t *table) func(string) bool {
	return func(name string) bool {
		return slices.ContainsFunc([]*facts{n.have, n.want}, func(f *facts) bool {
			o := f.tables[t.String()]
			return o != nil && o.constraint(name) != nil
		})
	}
}

// vacate renames an index that is dropped, if something in the desired state has its name: new objects are created
// before old ones are dropped. It changes the facts of the replayed state.
func (d *differ) vacate(t *table, i *index) []Op {
	if !d.want.relations[pgsql.QualifiedIdent(t.Schema, i.Name)] {
		return nil
	}
	from := i.Name
	i.Name = d.names.index(t, from, "_old")
	return []Op{vacated(t, renameIndex(t, from, i.Name), renameIndex(t, i.Name, from), i)}
}

// vacateConstraint is like vacate for a constraint.
func (d *differ) vacateConstraint(t *table, k *constraint) []Op {
	want := d.want.tables[t.String()]
	relation := k.index != nil && d.want.relations[pgsql.QualifiedIdent(t.Schema, k.Name)]
	if want.constraint(k.Name) == nil && !relation {
		return nil
	}
	from := k.Name
	if k.index == nil {
		k.Name = d.names.constraint(t, from, "_old")
	} else {
		k.Name = d.names.key(t, from, "_old")
		k.index.Name = k.Name
	}
	return []Op{vacated(t, renameConstraint(t, from, k.Name), renameConstraint(t, k.Name, from), k.index)}
}

func vacated(t *table, up, down cmd, i *index) Op {
	up.note = []string{"Frees the name for a new object; the old one is dropped later."}
	o := Op{stage: stageNames, rank: -1, key: t.String(), up: []cmd{up}, down: []cmd{down}}
	if i != nil {
		// These statements name the index.
		o.down, i.properties = slices.Concat(o.down, i.properties), nil
	}
	return o
}
