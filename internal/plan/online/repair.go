package online

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// leftovers returns the ops that drop what an interrupted repair has marked as its own. It removes that from the facts
// of the live state, so that the same names are used again.
func (d *differ) leftovers() (ops []Op) {
	for _, have := range sortedTables(d.have) {
		want := d.want.tables[have.String()]
		if want == nil {
			continue
		}
		have.constraints = slices.DeleteFunc(have.constraints, func(k *constraint) bool {
			if want.constraint(k.Name) != nil || text(k.Comment) != proving && text(k.Comment) != replacing {
				return false
			}
			ops = append(ops, Op{stage: stageUnblock, up: []cmd{sql(dropConstraint(have, k.Name).String(), "An interrupted repair left it.")}})
			return true
		})
		var marks []string
		for _, i := range have.indexes {
			if mark, ok := strings.CutPrefix(text(i.Comment), replacedBy); ok {
				marks = append(marks, mark+", ")
			}
		}
		own := func(t *table, i *index) bool {
			name := pgsql.QualifiedIdent(t.Schema, i.Name) + ", "
			return i.constraint == nil && slices.ContainsFunc(marks, func(m string) bool { return strings.HasPrefix(m, name) || strings.Contains(m, ", "+name) })
		}
		have.indexes = slices.DeleteFunc(have.indexes, func(i *index) bool {
			left := own(have, i) && want.index(i.Name) == nil && slices.ContainsFunc(want.indexes, func(w *index) bool { return i.Unique == w.Unique && i.On == w.On })
			if left {
				ops = append(ops, d.dropLeftover(have, i, own)...)
			}
			return left
		})
	}
	return ops
}

// dropLeftover drops an index that an interrupted repair left, after the indexes of partitions that it hasn't attached.
// own reports whether an index is the repair's.
func (d *differ) dropLeftover(t *table, i *index, own func(*table, *index) bool) (ops []Op) {
	for _, p := range t.partitions {
		if part := find(p.indexes, func(x *index) bool { return x.Parent == 0 && x.Unique == i.Unique && x.On == i.On && own(p, x) }); part != nil {
			ops = append(ops, d.dropLeftover(p, part, own)...)
		}
	}
	drop := sql(dropIndex(t, i.Name), "An interrupted repair left it.")
	if t.Partitioned {
		drop = dropPartitioned(t, i.Name)
	}
	delete(d.have.relations, pgsql.QualifiedIdent(t.Schema, i.Name))
	return append(ops, Op{stage: stageUnblock, up: []cmd{drop}})
}

// unattached reports whether x is an index that buildPartitioned has built on partition p, as a part of index i.
func unattached(p *table, i, x *index) bool {
	return x.Parent == 0 && x.Unique == i.Unique && x.On == i.On && temporary(x.Name, p.Name+"_"+i.Name, "")
}

// completeParts attaches to an INVALID index of a partitioned table the parts that it lacks, after it has built those
// that are missing.
func (d *differ) completeParts(t *table, h *index, leaf func(p *table, child string) []cmd, finish func(p *table, child string) []cmd) (cmds []cmd) {
	for _, p := range t.partitions {
		c := p.childIndex(h)
		switch {
		case c != nil && p.Partitioned && !c.Valid:
			cmds = append(cmds, d.completeParts(p, c, leaf, finish)...)
			continue
		case c != nil:
			continue
		}
		child := ""
		if x := find(p.indexes, func(x *index) bool { return x.Valid && unattached(p, h, x) }); x != nil {
			child = x.Name
		} else if child = d.childName(p, h, false); p.Partitioned {
			part := *h
			part.OID = 0
			cmds = append(cmds, d.buildPartitioned(p, &part, child, false)...)
		} else {
			cmds = append(cmds, leaf(p, child)...)
		}
		cmds = append(cmds, finish(p, child)...)
		cmds = append(cmds, sql("ALTER INDEX "+pgsql.QualifiedIdent(t.Schema, h.Name)+" ATTACH PARTITION "+pgsql.QualifiedIdent(p.Schema, child)))
	}
	return cmds
}

// completeIndex makes an INVALID index of a partitioned table valid.
func (d *differ) completeIndex(t *table, h *index) []Op {
	cmds := d.completeParts(t, h,
		func(p *table, child string) []cmd { return []cmd{sql(createIndex(p, h, child))} },
		func(*table, string) []cmd { return nil })
	return []Op{{stage: stageBuild, up: cmds, hazards: duplicated(t, h)}}
}

// completeKey makes the INVALID index of a partitioned table's key valid.
func (d *differ) completeKey(t *table, h *constraint) []Op {
	cmds := d.completeParts(t, h.index,
		func(p *table, child string) []cmd { return []cmd{sql(createIndex(p, h.index, child))} },
		func(p *table, child string) []cmd {
			if x := p.index(child); x != nil && x.constraint != nil {
				return nil
			}
			return []cmd{sql("ALTER TABLE " + p.String() + " ADD CONSTRAINT " + ident(child) + usingIndex(h, child))}
		})
	return []Op{{stage: stageBuild, up: cmds, hazards: duplicated(t, h.index)}}
}

// A repair marks what it works on by comments, because a user's own objects may have the same names and definitions.
const (
	// filling is the comment on a new column while it gets its values. The next repair continues.
	filling = "A repair fills this column."
	// proving is the comment on a check that is used to set columns NOT NULL.
	proving = "A repair uses this check and drops it."
	// replacing is the comment on a constraint until it has the name of the one that it replaces.
	replacing = "A repair replaces another constraint with this one."
	// replacedBy is the beginning of the comment on an index. The names of indexes follow, one of which replaces it: to
	// build an index concurrently and to mark it can't be one transaction.
	replacedBy = "A repair replaces this index with "
)

// Unfinished reports whether a comment says that a repair was interrupted.
func Unfinished(comment string) bool {
	return slices.Contains([]string{filling, proving, replacing}, comment) || strings.HasPrefix(comment, replacedBy)
}

// isFilling reports whether an interrupted repair was to fill a column.
func (d *differ) isFilling(c *column) bool { return d.live && text(c.Comment) == filling }

// markReplaced marks an index before the one that replaces it is built. made are the names that were chosen for that
// one and its parts.
func (d *differ) markReplaced(t *table, i *index, made []string) []cmd {
	if !d.live {
		return nil
	}
	return []cmd{commentOn("INDEX "+pgsql.QualifiedIdent(t.Schema, i.Name), replacedBy+strings.Join(made, ", "))}
}

func sortedTables(f *facts) []*table {
	var list []*table
	for _, t := range f.tables {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *table) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// temporary reports whether names may have chosen a name that resembles another.
func temporary(name, of, suffix string) bool {
	if name == pgsql.Fit(of, suffix) {
		return true
	}
	i := strings.LastIndex(name, suffix)
	if i < 0 {
		return false
	}
	n, err := strconv.Atoi(name[i+len(suffix):])
	return err == nil && n > 1 && name == pgsql.Fit(of, suffix+strconv.Itoa(n))
}

// keepExtra adds to the facts and the realm of the wanted state what only the live state has. It refuses what has a
// name that a new object needs.
func (d *differ) keepExtra(have, want *schema.Realm) (ops []Op) {
	var lines []catalog.Line
	for l := range d.want.catalog.All() {
		lines = append(lines, l)
	}
	extra := func(kind, name string) {
		for l := range d.have.catalog.All() {
			if l.Kind == kind && l.Name == name {
				lines = append(lines, l)
			}
		}
	}
	for _, t := range sortedTables(d.have) {
		w := d.want.tables[t.String()]
		if w == nil {
			if d.want.relations[t.String()] {
				ops = append(ops, refuse(t, fmt.Sprintf("the name of the table %s belongs to another kind of relation in the migrations: rename it", t))...)
				continue
			}
			d.want.tables[t.String()] = t
			d.want.relations[t.String()] = true
			for l := range d.have.catalog.All() {
				if table, _ := catalog.CutName(l.Name); l.Name == t.String() || table == t.String() {
					lines = append(lines, l)
				}
			}
			for _, i := range t.indexes {
				d.want.relations[pgsql.QualifiedIdent(t.Schema, i.Name)] = true
			}
			continue
		}
		for _, c := range t.columns {
			if w.column(c.Name) == nil {
				w.columns = append(w.columns, c)
				extra("column", t.part(c.Name))
			}
		}
		taken := map[any]bool{}
		for _, k := range t.constraints {
			if w.constraint(k.Name) != nil || d.takesOver(t, w, k, taken) {
				continue
			}
			if k.index != nil {
				if d.want.relations[pgsql.QualifiedIdent(t.Schema, k.Name)] {
					ops = append(ops, d.nameTaken(t, "constraint", k.Name)...)
					continue
				}
				d.want.relations[pgsql.QualifiedIdent(t.Schema, k.Name)] = true
				w.indexes = append(w.indexes, k.index)
			}
			w.constraints = append(w.constraints, k)
			extra("constraint", t.part(k.Name))
		}
		for _, i := range t.indexes {
			if i.constraint != nil || w.index(i.Name) != nil && w.index(i.Name).constraint == nil {
				continue
			}
			if other := find(w.indexes, func(o *index) bool {
				return i.Valid && i.Unique == o.Unique && i.On == o.On && t.index(o.Name) == nil && !taken[o]
			}); other != nil {
				taken[other] = true
				continue // renamed, or the index of a new constraint
			}
			if d.want.relations[pgsql.QualifiedIdent(t.Schema, i.Name)] {
				ops = append(ops, d.nameTaken(t, "index", i.Name)...)
				continue
			}
			d.want.relations[pgsql.QualifiedIdent(t.Schema, i.Name)] = true
			w.indexes = append(w.indexes, i)
			extra("index", t.part(i.Name))
		}
	}
	d.keepRealm(have, want, extra)
	d.want.catalog = catalog.New(lines)
	return ops
}

func (d *differ) nameTaken(t *table, kind, name string) []Op {
	return refuse(t, fmt.Sprintf("the name of the %s %s, which the migrations don't have, belongs to another object in the migrations: rename it", kind, t.part(name)))
}

// takesOver reports whether a wanted constraint, or a wanted unique index, is the constraint k of the live state under
// another name, or replaces it. It adds that to taken.
func (d *differ) takesOver(have, want *table, k *constraint, taken map[any]bool) bool {
	if k.Kind == "p" && want.primaryKey() != nil {
		return true
	}
	w := find(want.constraints, func(w *constraint) bool {
		return have.constraint(w.Name) == nil && w.Kind == k.Kind && w.Valid == k.Valid && d.sameDef(have, k, w) && !taken[w]
	})
	if w != nil {
		taken[w] = true
		return true
	}
	if i := twin(want, have, k); i != nil && !taken[i] {
		taken[i] = true
		return true
	}
	return false
}

// keepRealm adds to the engine's view of the wanted state the schemas, tables and enum values that only the live one
// has.
func (d *differ) keepRealm(have, want *schema.Realm, extra func(kind, name string)) {
	for _, s := range have.Schemas {
		w, ok := want.Schema(s.Name)
		if !ok {
			want.Schemas = append(want.Schemas, s)
			extra("schema", pgsql.Ident(s.Name))
			continue
		}
		for _, t := range s.Tables {
			if _, ok := w.Table(t.Name); !ok {
				w.Tables = append(w.Tables, t)
			}
		}
		for _, o := range s.Objects {
			h, ok := o.(*schema.EnumType)
			if !ok {
				continue
			}
			i := slices.IndexFunc(w.Objects, func(o schema.Object) bool { e, ok := o.(*schema.EnumType); return ok && e.T == h.T })
			if i < 0 {
				w.Objects = append(w.Objects, h)
				extra("enum", pgsql.QualifiedIdent(s.Name, h.T))
				continue
			}
			e := w.Objects[i].(*schema.EnumType)
			e.Values = withExtra(e.Values, h.Values)
		}
	}
}

// withExtra returns the wanted values of an enum with those that only the live one has. If their order differs, it
// returns the live ones, and then what they lack.
func withExtra(want, have []string) []string {
	var merged []string
	rest := want
	for _, v := range have {
		switch i := slices.Index(rest, v); {
		case i >= 0:
			merged, rest = append(merged, rest[:i+1]...), rest[i+1:]
		case !slices.Contains(want, v):
			merged = append(merged, v)
		default:
			merged = slices.Clone(have)
			for _, w := range want {
				if !slices.Contains(have, w) {
					merged = append(merged, w)
				}
			}
			return merged
		}
	}
	return append(merged, rest...)
}

// lacking refuses to add a NOT NULL column without a default to a live table.
func lacking(t *table, c *column) *Refusal {
	add := t.fixColumn(c.Name, c.typed())
	return &Refusal{
		Table: t.String(), Text: fmt.Sprintf("column %s is missing; it should be NOT NULL and has no default, so the values of existing rows must be decided", t.columnName(c)),
		Fixes: []fix.Text{fix.AddColumn(add), fix.FillRows(add, fix.Blank, add.Name+" IS NULL")},
	}
}
