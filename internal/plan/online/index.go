package online

import "github.com/ibutsu/ibutsu-schema/internal/pgsql"

// createIndex builds an index under a name without blocking anybody.
func createIndex(t *table, i *index, name string) string {
	return i.create("CONCURRENTLY "+ident(name), t)
}

func (i *index) create(name string, t *table) string {
	s := "CREATE "
	if i.Unique {
		s += "UNIQUE "
	}
	return s + "INDEX " + name + " ON " + t.String() + " " + i.On
}

func dropIndex(t *table, name string) string {
	return "DROP INDEX CONCURRENTLY " + pgsql.QualifiedIdent(t.Schema, name)
}

func renameIndex(t *table, from, to string) cmd {
	return sql("ALTER INDEX " + pgsql.QualifiedIdent(t.Schema, from) + " RENAME TO " + ident(to))
}

// indexes finds the ops for the indexes of a table that are not behind a constraint, after constraints has settled some.
func (d *differ) indexes(have, want *table) {
	own := func(t *table) []*index {
		var list []*index
		for _, i := range t.indexes {
			if i.constraint == nil && !d.settled[i] {
				list = append(list, i)
			}
		}
		return list
	}
	pairs := pair(own(have), own(want), func(i *index) string { return i.Name })
	pairs = pairRenamed(pairs, func(h, w *index) bool { return h.Valid && h.Unique == w.Unique && h.On == w.On })
	for _, p := range pairs {
		switch h, w := p.have, p.want; {
		case h != nil && d.freedIndexes[h]:
			d.freeIndex(have, h, w)
			continue
		case h == nil:
			d.add(d.addIndex(have, w)...)
		case w == nil:
			d.dropIndex(have, h)
		case h.Name != w.Name:
			d.add(Op{stage: d.renameStage(have, h.Name), key: have.String(), up: []cmd{renameIndex(have, h.Name, w.Name)}, down: []cmd{renameIndex(have, w.Name, h.Name)}})
		case !sameLine(d.have, d.want, "index", have.part(h.Name)):
			d.changeIndex(have, h, w)
			continue // with its comment
		}
		if p.have != nil && p.want != nil && text(p.have.Comment) != text(p.want.Comment) {
			d.add(comment(have, "INDEX "+pgsql.QualifiedIdent(have.Schema, p.want.Name), text(p.have.Comment), text(p.want.Comment)))
		}
	}
}

// renameStage is when an index or a key gets another name than name: before what is new if
// that has the name from then on.
func (d *differ) renameStage(t *table, name string) stage {
	if d.want.relations[pgsql.QualifiedIdent(t.Schema, name)] {
		return stageNames
	}
	return stageAlter
}

// finish is what follows an index that is built.
func finish(t *table, i *index) []cmd {
	var cmds []cmd
	if i.Comment != nil {
		cmds = append(cmds, commentOn("INDEX "+pgsql.QualifiedIdent(t.Schema, i.Name), *i.Comment))
	}
	if i.Expressions {
		analyze := sql("ANALYZE "+t.String(), "The planner knows nothing about an expression's values yet.")
		analyze.last = true
		cmds = append(cmds, analyze)
	}
	return append(cmds, i.unsaid...)
}

func (d *differ) addIndex(t *table, i *index) []Op {
	if t.Partitioned {
		return d.addPartitionedIndex(t, i)
	}
	return []Op{{stage: stageBuild, up: append([]cmd{sql(createIndex(t, i, i.Name))}, finish(t, i)...), down: d.undoKey(t, i, sql(dropIndex(t, i.Name)))}}
}

func (d *differ) dropIndex(t *table, i *index) {
	if t.Partitioned {
		d.add(d.dropPartitionedIndex(t, i))
		return
	}
	o := Op{stage: stageDropIndex, up: d.dropKey(t, i, sql(dropIndex(t, i.Name)))}
	d.add(o.undo(d.addIndex(t, i)))
}

// changeIndex builds the new index under another name before the old one goes.
func (d *differ) changeIndex(t *table, h, w *index) {
	if len(h.Users) > 0 {
		d.refuse(t, d.keyInUse(t, &constraint{Name: h.Name, index: h}, &constraint{Name: w.Name}, "unique index"))
		return
	}
	if t.Partitioned {
		d.changePartitionedIndex(t, h, w)
		return
	}
	name := d.indexName(t, w.Name, "_new")
	swap := func(to *index) []cmd {
		return append([]cmd{
			sql(createIndex(t, to, name), "The new index is built beside the old one, which serves until then."),
			sql(dropIndex(t, to.Name)),
			renameIndex(t, name, to.Name),
		}, finish(t, to)...)
	}
	d.add(Op{stage: stageBuild, up: swap(w), down: swap(h), downApart: true})
}
