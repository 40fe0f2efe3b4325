package online

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// createIndex returns the statement that builds an index under a name without blocking reads or writes.
func createIndex(t *table, i *index, name string) string {
	return i.create("CONCURRENTLY "+ident(name), t.String())
}

func (i *index) create(name, on string) string {
	unique := ""
	if i.Unique {
		unique = "UNIQUE "
	}
	return "CREATE " + unique + "INDEX " + name + " ON " + on + " " + i.On
}

// target returns the index as what follows ON CONFLICT.
func (i *index) target() string {
	target := "(" + strings.Join(i.Keys, ", ") + ")"
	if i.Predicate != nil {
		target += " WHERE " + *i.Predicate
	}
	return target
}

func dropIndex(t *table, name string) string {
	return "DROP INDEX CONCURRENTLY " + pgsql.QualifiedIdent(t.Schema, name)
}

func renameIndex(t *table, from, to string) cmd {
	return sql("ALTER INDEX " + pgsql.QualifiedIdent(t.Schema, from) + " RENAME TO " + ident(to))
}

// indexes returns the ops for the indexes of a table that back no constraint, except for those in converted.
func (d *differ) indexes(have, want *table, blocking blockers, converted map[*index]bool) (ops []Op) {
	own := func(t *table) []*index {
		var list []*index
		for _, i := range t.indexes {
			if i.constraint == nil && !converted[i] {
				list = append(list, i)
			}
		}
		return list
	}
	pairs := pair(own(have), own(want), func(i *index) string { return i.Name })
	pairs = pairRenamed(pairs, func(h, w *index) bool { return h.Valid && h.Unique == w.Unique && h.On == w.On })
	for _, p := range pairs {
		h, w := p.have, p.want
		c := change{verb: p.verb(), kind: "index", table: have.Name, name: cmp.Or(w, h).words(have), columns: cmp.Or(w, h).Columns}
		var found []Op
		switch {
		case h != nil && blocking.indexes[h]:
			found = d.unblockIndex(have, h, w)
			if w != nil && h.On == w.On {
				c = change{} // a side effect of another change
			}
		case h == nil:
			found = d.addIndex(have, w)
		case w == nil:
			found = append(d.vacate(have, h), d.dropIndex(have, h))
		case h.Name != w.Name:
			c.verb = "rename"
			found = append([]Op{{stage: d.renameStage(have, h.Name), key: have.String(), up: []cmd{renameIndex(have, h.Name, w.Name)}, down: []cmd{renameIndex(have, w.Name, h.Name)}}},
				indexComment(have, h, w)...)
		case d.live && have.Partitioned && !h.Valid && w.Valid && h.Unique == w.Unique && h.On == w.On:
			found = append(d.completeIndex(have, h), indexComment(have, h, w)...)
		case !sameLine(d.have, d.want, "index", have.part(h.Name)):
			found = d.changeIndex(have, h, w) // including its comment
		default:
			found = indexComment(have, h, w)
		}
		ops = append(ops, about(c, found)...)
	}
	return ops
}

// indexComment changes the comment on an index that is in both states.
func indexComment(t *table, h, w *index) []Op {
	if h == nil || w == nil {
		return nil
	}
	return comment(t, "INDEX "+pgsql.QualifiedIdent(t.Schema, w.Name), h.Comment, w.Comment)
}

// renameStage returns the stage that renames an index or a key. If a new object takes the old name, that is before new
// objects are created.
func (d *differ) renameStage(t *table, name string) stage {
	if d.want.relations[pgsql.QualifiedIdent(t.Schema, name)] {
		return stageNames
	}
	return stageAlter
}

// finish returns what follows the creation of an index.
func finish(t *table, i *index) []cmd {
	var cmds []cmd
	if i.Comment != nil {
		cmds = append(cmds, commentOn("INDEX "+pgsql.QualifiedIdent(t.Schema, i.Name), *i.Comment))
	}
	if i.Expressions {
		analyze := sql("ANALYZE "+t.String(), "Gathers statistics on the expression for the planner.")
		analyze.last = true
		cmds = append(cmds, analyze)
	}
	return append(cmds, i.properties...)
}

func (d *differ) addIndex(t *table, i *index) []Op {
	if t.Partitioned {
		return d.addPartitionedIndex(t, i)
	}
	return []Op{{stage: stageBuild, builds: i, hazards: duplicated(t, i), up: append([]cmd{sql(createIndex(t, i, i.Name))}, finish(t, i)...), down: d.revertUnique(t, i, sql(dropIndex(t, i.Name)))}}
}

func (d *differ) dropIndex(t *table, i *index) Op {
	o := Op{stage: stageDropIndex}
	if users := t.partUsers(i); len(users) > 0 {
		return refusePartUsers(t, "index "+t.part(i.Name), users)
	}
	if t.Partitioned {
		o.up = []cmd{dropPartitioned(t, i.Name)}
	} else {
		o.up = d.dropUnique(t, i, sql(dropIndex(t, i.Name)))
	}
	d.noteReplica(t, i, o.up)
	return o.undo(d.addIndex(t, i))
}

// changeIndex builds the new index under another name before it drops the old one.
func (d *differ) changeIndex(t *table, h, w *index) []Op {
	if len(h.Users) > 0 {
		return refuse(t, d.keyInUse(t, &constraint{Name: h.Name, index: h}, &constraint{Name: w.Name, index: w}, "unique index"))
	}
	if users := t.partUsers(h); len(users) > 0 {
		return []Op{refusePartUsers(t, "index "+t.part(h.Name), users)}
	}
	chosen := len(d.names.chosen)
	name := d.names.index(t, w.Name, "_new")
	swap := func(to *index, built bool) []cmd {
		cmds := []cmd{sql(createIndex(t, to, name), "Builds the new index while queries still use the old one.")}
		cmds = append(append(cmds, markReplica(t, to, name)...), sql(dropIndex(t, to.Name)))
		if t.Partitioned {
			cmds = append(d.buildPartitioned(t, to, name, built), complete(t, name), dropPartitioned(t, to.Name))
		}
		return append(append(cmds, renameIndex(t, name, to.Name)), finish(t, to)...)
	}
	build := swap(w, false)
	up := slices.Concat(d.markReplaced(t, h, d.names.chosen[chosen:]), build)
	o := Op{stage: stageBuild, up: up, down: swap(h, true), downApart: true, hazards: duplicated(t, w)}
	if h.Unique && w.Unique {
		o.hazards = append(o.hazards, conflict(t, h.target(), h.Name)...)
		o.downHazards = conflict(t, w.target(), w.Name)
	}
	return []Op{o}
}
