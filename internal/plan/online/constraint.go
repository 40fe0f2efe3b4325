package online

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// constraints returns the ops for the constraints of a table. converted are the unique indexes that become a
// constraint's index, or were one before.
func (d *differ) constraints(have, want *table, blocking blockers) (ops []Op, converted map[*index]bool) {
	converted = map[*index]bool{}
	pairs := pair(have.constraints, want.constraints, func(k *constraint) string { return k.Name })
	pairs = pairRenamed(pairs, func(h, w *constraint) bool { return h.Kind == w.Kind && h.Valid == w.Valid && d.sameDef(have, h, w) })
	// A table has only one primary key, whatever its name.
	pairs = pairRenamed(pairs, func(h, w *constraint) bool { return h.Kind == "p" && w.Kind == "p" })
	for _, p := range pairs {
		h, w := p.have, p.want
		c := cmp.Or(w, h).change(p.verb(), have)
		same := h != nil && w != nil && d.sameDef(have, h, w)
		var found []Op
		comments := func() []Op {
			return append(comment(have, "CONSTRAINT "+ident(w.Name)+" ON "+have.String(), h.Comment, w.Comment), indexComment(have, h.index, w.index)...)
		}
		switch {
		case h != nil && (d.dropFirst[h] || blocking.constraints[h]):
			if h.Kind == "f" {
				found = d.unblockKey(have, h, w)
			} else {
				found = d.unblockConstraint(have, h, w)
			}
			if same {
				c = change{} // a side effect of another change
			}
		case h == nil:
			if i := twin(have, want, w); i != nil {
				converted[i], found = true, []Op{d.promote(have, i, w)}
			} else if !slices.ContainsFunc(want.columns, func(c *column) bool { return have.column(c.Name) == nil && d.inlineKey(want, c) == w }) {
				found = d.addConstraint(have, w)
			}
		case w == nil:
			if i := twin(want, have, h); i != nil {
				converted[i], found = true, []Op{d.demote(have, i, h)}
			} else {
				found = append(d.vacateConstraint(have, h), d.dropConstraint(have, h))
			}
		case d.live && have.Partitioned && h.index != nil && !h.index.Valid && h.Name == w.Name && h.Kind == w.Kind && h.Def == w.Def:
			found = append(d.completeKey(have, h), comments()...)
		case h.Name != w.Name && same:
			c.verb = "rename"
			found = append([]Op{{stage: d.renameStage(have, h.Name), key: have.String(),
				up: []cmd{renameConstraint(have, h.Name, w.Name)}, down: []cmd{renameConstraint(have, w.Name, h.Name)}}}, comments()...)
		case h.Kind != w.Kind:
			found = slices.Concat(d.vacateConstraint(have, h), []Op{d.dropConstraint(have, h)}, d.addConstraint(have, w))
		case !same:
			found = d.changeConstraint(have, h, w) // including its comment
		case !h.Valid && w.Valid:
			o := validate(have, w, stageValidate)
			o.down = append(o.down, finishConstraint(have, h)...)
			found = append([]Op{o}, comments()...)
		default:
			found = comments()
		}
		ops = append(ops, about(c, found)...)
	}
	return ops, converted
}

// sameDef reports whether two constraints differ only in name and validity.
func (d *differ) sameDef(t *table, h, w *constraint) bool {
	a, oka := d.have.catalog.Def("constraint", t.part(h.Name))
	b, okb := d.want.catalog.Def("constraint", t.part(w.Name))
	strip := func(s string) string { return strings.Replace(s, " NOT VALID", "", 1) }
	return oka && okb && strip(a) == strip(b) && (h.index == nil || w.index == nil || h.index.On == w.index.On)
}

func renameConstraint(t *table, from, to string) cmd {
	return sql("ALTER TABLE " + t.String() + " RENAME CONSTRAINT " + ident(from) + " TO " + ident(to))
}

func dropConstraint(t *table, name string) cmd { return action(t, "DROP CONSTRAINT "+ident(name)) }

func addNotValid(t *table, name, def string) cmd {
	return action(t, "ADD CONSTRAINT "+ident(name)+" "+def+" NOT VALID")
}

// addAgain adds a constraint as it is, under the lock that the transaction already has.
func addAgain(t *table, k *constraint) cmd {
	if !k.Valid {
		return addNotValid(t, k.Name, k.Def)
	}
	return action(t, "ADD CONSTRAINT "+ident(k.Name)+" "+k.Def)
}

// validate checks the existing rows against a constraint.
func validate(t *table, k *constraint, s stage) Op {
	return Op{stage: s, hazards: violated(t, k),
		up:   []cmd{sql("ALTER TABLE "+t.String()+" VALIDATE CONSTRAINT "+ident(k.Name), "Scans the table without blocking reads or writes; fails if a row violates "+ident(k.Name)+".")},
		down: []cmd{dropConstraint(t, k.Name), addNotValid(t, k.Name, k.Def)},
	}
}

// late reports whether a foreign key refers to an index of an existing table that the plan has yet to build.
func (d *differ) late(k *constraint) bool {
	if k.refs == nil || k.key == nil {
		return false
	}
	ref := d.have.tables[k.refs.String()]
	return ref != nil && !mayUse(k, ref.index(k.key.Name))
}

// addConstraint adds a constraint to a table that may be big.
func (d *differ) addConstraint(t *table, k *constraint) []Op {
	ops := d.addConstraintPart(t, k)
	if len(ops) > 0 {
		last := &ops[len(ops)-1]
		last.up = append(last.up, finishConstraint(t, k)...)
	}
	return ops
}

// finishConstraint returns what follows the creation of a constraint.
func finishConstraint(t *table, k *constraint) []cmd {
	var cmds []cmd
	if k.Comment != nil {
		cmds = append(cmds, commentOn("CONSTRAINT "+ident(k.Name)+" ON "+t.String(), *k.Comment))
	}
	if k.index == nil {
		return cmds
	}
	if k.index.Comment != nil {
		cmds = append(cmds, commentOn("INDEX "+pgsql.QualifiedIdent(t.Schema, k.Name), *k.index.Comment))
	}
	return append(cmds, k.index.properties...)
}

func (d *differ) addConstraintPart(t *table, k *constraint) []Op {
	drop := []cmd{dropConstraint(t, k.Name)}
	if k.Kind == "p" || k.Kind == "u" {
		drop = d.revertUnique(t, k.index, drop[0])
	}
	plain := "ALTER TABLE " + t.String() + " ADD CONSTRAINT " + ident(k.Name) + " " + k.Def
	switch {
	case k.Kind == "x":
		return []Op{{stage: stageRewrite, key: t.String(), up: []cmd{sql(plain)}, down: drop,
			hazards: blocks(t, "the index of the exclusion constraint "+ident(k.Name)+" cannot be built concurrently", fix.Text{})}}
	case k.Kind == "p" || k.Kind == "u":
		if t.Partitioned {
			return d.addPartitionedKey(t, k)
		}
		return []Op{{stage: stageBuild, builds: k.index, down: drop, hazards: append(duplicated(t, k.index), early(t, k)...), up: []cmd{
			sql(createIndex(t, k.index, k.Name), "Scans the table without blocking reads or writes; fails if two rows have the same key."),
			sql("ALTER TABLE " + t.String() + " ADD CONSTRAINT " + ident(k.Name) + usingIndex(k, k.Name)),
		}}}
	case k.Kind == "f" && t.Partitioned:
		return []Op{d.addPartitionedForeignKey(t, k)}
	}
	add, scan := stageAlter, stageValidate
	up := addNotValid(t, k.Name, k.Def)
	note := "Checks new rows from now on; existing rows are validated later, without blocking reads or writes."
	if k.Kind == "f" || d.retyped(t, k) {
		add = stageKeys
		up = sql(up.String())
	}
	if d.late(k) {
		add, scan = stageLateKeys, stageLateScan
	}
	up.note = []string{note}
	ops := []Op{{stage: add, up: []cmd{up}, down: drop}}
	if !add.apart() {
		ops[0].key = t.String()
	}
	if k.Valid {
		ops = append(ops, validate(t, k, scan))
	}
	return ops
}

// retyped reports whether the plan changes the type of one of the constraint's columns: the casts that PostgreSQL
// writes into a constraint depend on the types at the time.
func (d *differ) retyped(t *table, k *constraint) bool {
	have, want := d.have.tables[t.String()], d.want.tables[t.String()]
	return have != nil && want != nil && slices.ContainsFunc(k.Columns, func(name string) bool {
		a, b := have.column(name), want.column(name)
		return a != nil && b != nil && a.typed() != b.typed()
	})
}

func usingIndex(k *constraint, index string) string {
	kind := " UNIQUE"
	if k.Kind == "p" {
		kind = " PRIMARY KEY"
	}
	return kind + " USING INDEX " + ident(index) + k.Deferrable
}

func (d *differ) dropConstraint(t *table, k *constraint) Op {
	o := Op{stage: stageDrop, key: t.String(), up: []cmd{dropConstraint(t, k.Name)}}
	switch {
	case k.Kind == "f" && (d.losesIndex(k) || d.want.tables[t.String()].hasAny(k.Columns)):
		o.stage, o.key = stageDropKeys, "" // otherwise the drop of the column locks the other table anyway
		o.downHazards = d.emptyHazards(t, k)
	case k.Kind == "p" || k.Kind == "u":
		if users := t.partUsers(k.index); len(users) > 0 {
			return refusePartUsers(t, "constraint "+t.part(k.Name), users)
		}
		if o.up = d.dropUnique(t, k.index, o.up[0]); o.up[0].action == "" {
			o.stage, o.key = stageDropUnique, ""
		}
		d.noteReplica(t, k.index, o.up)
	}
	return o.undo(d.addConstraint(t, k))
}

// changeConstraint replaces a constraint.
func (d *differ) changeConstraint(t *table, h, w *constraint) []Op {
	switch h.Kind {
	case "p", "u":
		return d.changeKey(t, h, w)
	}
	swap := func(from, to *constraint) []cmd {
		return append([]cmd{dropConstraint(t, from.Name), addAgain(t, to)}, finishConstraint(t, to)...)
	}
	if h.Kind == "x" {
		list := blocks(t, "the index of the exclusion constraint "+ident(w.Name)+" cannot be built concurrently", fix.Text{})
		return []Op{{stage: stageRewrite, key: t.String(), up: swap(h, w), down: swap(w, h), hazards: list, downHazards: list}}
	}
	if h.Kind == "f" && t.Partitioned {
		list := blocksWrites(t, "PostgreSQL validates the foreign key "+ident(w.Name)+" of a partitioned table immediately", fix.Text{})
		return []Op{{stage: stageSwap, key: t.String(), up: swap(h, w), down: swap(w, h), hazards: list, downHazards: list}}
	}
	next := *w
	next.Name = d.names.constraint(t, w.Name, "_new")
	next.Comment = nil
	ops := d.addConstraint(t, &next)
	if add := &ops[0]; d.live {
		add.up = append(add.up, commentOn("CONSTRAINT "+ident(next.Name)+" ON "+t.String(), replacing))
		if add.stage.apart() {
			add.together, add.key = true, t.part(next.Name)
		}
	}
	o := Op{stage: stageSwap, key: t.String(), up: []cmd{
		sql(dropConstraint(t, h.Name).String(), "The new constraint is valid and replaces the old one."),
		renameConstraint(t, next.Name, w.Name),
	}}
	if d.live && w.Comment == nil {
		o.up = append(o.up, commentOn("CONSTRAINT "+ident(w.Name)+" ON "+t.String(), ""))
	}
	o.up = append(o.up, finishConstraint(t, w)...)
	o = o.undo(d.addConstraint(t, h))
	o.down = append([]cmd{renameConstraint(t, w.Name, next.Name)}, o.down...)
	o.downApart = true
	return append(ops, o)
}

// changeKey replaces a unique constraint or a primary key, with an index that is built first.
func (d *differ) changeKey(t *table, h, w *constraint) []Op {
	what := "unique constraint"
	if h.Kind == "p" {
		what = "primary key"
	}
	if t.Partitioned {
		return refuse(t, fmt.Sprintf("the %s %s of the partitioned table %s cannot change without a lock on all partitions: write the change as SQL (new)", what, ident(h.Name), t))
	}
	if len(h.index.Users) > 0 {
		return refuse(t, d.keyInUse(t, h, w, what))
	}
	next := d.names.index(t, w.Name, "_new")
	swap := func(from, to *constraint, name string) []cmd {
		return slices.Concat(
			[]cmd{sql(createIndex(t, to.index, name), "Scans the table without blocking reads or writes; fails if two rows have the same key.")},
			markReplica(t, to.index, name),
			[]cmd{sql("ALTER TABLE " + t.String() + " DROP CONSTRAINT " + ident(from.Name) + ", ADD CONSTRAINT " + ident(to.Name) + usingIndex(to, name))},
			finishConstraint(t, to))
	}
	back := next
	if h.Name != w.Name {
		back = d.names.index(t, h.Name, "_new")
	}
	up := slices.Concat(d.markReplaced(t, h.index, []string{pgsql.QualifiedIdent(t.Schema, next)}), swap(h, w, next))
	hazards := func(from, to *constraint) []hazard.Hazard {
		found := early(t, to)
		if from.Deferrable == "" { // ON CONFLICT refuses others
			found = append(found, conflict(t, "ON CONSTRAINT "+ident(from.Name), from.Name)...)
		}
		return found
	}
	return []Op{{stage: stageBuild, up: up, down: swap(w, h, back), downApart: true,
		hazards: append(duplicated(t, w.index), hazards(h, w)...), downHazards: hazards(w, h)}}
}

func (d *differ) keyInUse(t *table, h, w *constraint, what string) string {
	other := find(t.indexes, func(i *index) bool {
		next := d.want.tables[t.String()].index(i.Name)
		return i.Name != h.Name && i.sameColumns(h.index) && next != nil && next.sameColumns(h.index)
	})
	if other != nil {
		return fmt.Sprintf(`the %s %s of %s changes while foreign keys refer to it (%s)
do it in steps, each applied before the next:
  1. remove %s from the schema file, run plan and apply: the foreign keys move to %s
  2. add it to the schema file with its new definition, run plan and apply`,
			what, ident(h.Name), t, strings.Join(h.index.Users, ", "), ident(h.Name), ident(other.Name))
	}
	head := fmt.Sprintf("the %s %s of %s changes while foreign keys refer to it (%s)\ndo it in steps, each applied before the next:", what, ident(h.Name), t, strings.Join(h.index.Users, ", "))
	columns := func(i *index) string { return "(" + identList(i.Columns) + ")" }
	var steps []string
	switch next := ident(pgsql.Fit(w.Name, "_new")); {
	case h.Kind == "p" && len(d.want.keysUsing(t, h.index)) > 0: // a table has only one primary key
		steps = []string{
			"leave the primary key as it is and add a unique constraint on " + columns(h.index) + " in the schema file, run plan and apply",
			"remove the primary key from the schema file, run plan and apply: the foreign keys move to the unique constraint",
			"add the primary key with its new definition, run plan and apply",
		}
	case h.Kind == "p" && len(d.want.keysUsing(t, w.index)) > 0:
		steps = []string{
			"leave the primary key as it is and add a unique constraint on " + columns(w.index) + " in the schema file, run plan and apply",
			"make the foreign keys refer to the unique constraint, run plan and apply",
			"change the primary key in the schema file, run plan and apply",
		}
	case h.Kind == "p":
		steps = []string{
			"leave the primary key as it is and change only the foreign keys in the schema file, run plan and apply",
			"change the primary key in the schema file, run plan and apply",
		}
	case h.index.sameColumns(w.index):
		steps = []string{
			"add the new one under another name (" + next + ") in the schema file, run plan and apply",
			"remove " + ident(h.Name) + " from the schema file, run plan and apply: the foreign keys move to " + next,
		}
	default:
		steps = []string{
			"add the new one under another name (" + next + ") in the schema file, run plan and apply",
			"make the foreign keys refer to the columns of the new one, run plan and apply",
			"remove " + ident(h.Name) + " from the schema file, run plan and apply",
		}
	}
	for i, s := range steps {
		head += fmt.Sprintf("\n  %d. %s", i+1, s)
	}
	return head
}

// twin returns the unique index of t that can become the index of constraint k, or replace it. It has the same
// definition, and the table in the other state has no plain index of that name.
func twin(t, other *table, k *constraint) *index {
	if k.index == nil || k.Kind == "x" || t.Partitioned {
		return nil
	}
	return find(t.indexes, func(u *index) bool {
		o := other.index(u.Name)
		return u.constraint == nil && u.Unique && u.On == k.index.On && (o == nil || o.constraint != nil)
	})
}

// promote makes a unique index the index of the new constraint k.
func (d *differ) promote(t *table, i *index, k *constraint) Op {
	drop := d.dropUniqueDown(t, k.index, sql(dropConstraint(t, k.Name).String()))
	return Op{stage: stageSwap, key: t.String(), up: []cmd{promoteIndex(t, i, k)}, down: d.demoteIndex(t, i, drop), downApart: true}
}

// demote turns the index of constraint k into a unique index.
func (d *differ) demote(t *table, i *index, k *constraint) Op {
	drop := d.dropUnique(t, k.index, sql(dropConstraint(t, k.Name).String()))
	chosen := len(d.names.chosen)
	build := d.demoteIndex(t, i, drop)
	o := Op{stage: stageBuild, up: slices.Concat(d.markReplaced(t, k.index, d.names.chosen[chosen:]), build), down: []cmd{promoteIndex(t, i, k)}}
	if len(d.have.keysUsing(t, k.index))+len(d.want.keysUsing(t, k.index)) > 0 {
		o.stage = stageDropUnique
	}
	return o
}

func promoteIndex(t *table, i *index, k *constraint) cmd {
	return sql("ALTER TABLE "+t.String()+" ADD CONSTRAINT "+ident(k.Name)+usingIndex(k, i.Name), "The index already exists.")
}

// demoteIndex builds index i and drops the constraint with the same index.
func (d *differ) demoteIndex(t *table, i *index, drop []cmd) []cmd {
	name := d.names.index(t, i.Name, "_new")
	cmds := []cmd{sql(createIndex(t, i, name), "Dropping a constraint drops its index, so an identical one is built first.")}
	cmds = append(cmds, markReplica(t, i, name)...)
	cmds = append(append(cmds, drop...), renameIndex(t, name, i.Name))
	return append(cmds, finish(t, i)...)
}

// hasAny reports whether the table has at least one of the columns.
func (t *table) hasAny(columns []string) bool {
	return slices.ContainsFunc(columns, func(c string) bool { return t.column(c) != nil })
}
