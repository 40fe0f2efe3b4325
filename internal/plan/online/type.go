package online

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// changeType changes a column's type and default. A change that rewrites the table is
// marked.
func (d *differ) changeType(ctx context.Context, t *table, a, b *column) ([]Op, error) {
	n := d.numbering(t, a, b)
	ops := n.ops
	up, down := n.up, n.down
	if a.typed() == b.typed() {
		o := Op{stage: stageAlter, key: n.file(t, a), hazards: n.hazards, downHazards: n.downHazards,
			up:   slices.Concat(up.before, defaultSteps(t, a, b), up.after),
			down: slices.Concat(down.before, defaultSteps(t, b, a), down.after)}
		if slices.ContainsFunc(o.hazards, hazard.Hazard.Long) || d.awaits(b) {
			o.stage = stageRewrite
		}
		if len(o.up) > 0 {
			ops = append(ops, o)
		}
		return ops, nil
	}
	cost, using, ok, err := d.castCost(ctx, t, a, b)
	if err != nil {
		return nil, err
	}
	if !ok {
		return refuse(t, fmt.Sprintf("column %s cannot become %s: PostgreSQL has no cast from %s\n"+
			"add a new column of that type in the schema file, fill it in a migration of your own (new), then drop the old one", t.columnName(a), b.Type, a.Type)), nil
	}
	back, backUsing, _, err := d.castCost(ctx, t, b, a)
	if err != nil {
		return nil, err
	}
	o := Op{stage: stageAlter, key: n.file(t, a),
		up:   slices.Concat(up.before, typeSteps(t, a, b, using), up.after),
		down: slices.Concat(down.before, typeSteps(t, b, a, backUsing), down.after)}
	o.hazards = d.typeHazards(t, a, b, using, cost)
	o.downHazards = d.typeHazards(t, b, a, backUsing, back)
	if slices.ContainsFunc(d.have.tables[t.String()].columns, func(c *column) bool { return slices.Contains(c.Reads, a.Name) }) {
		o.stage = stageRewrite // where what reads it is made anew
	}
	if !cost.rewrites {
		o.hazards = append(o.hazards, n.hazards...)
	}
	if !back.rewrites {
		o.downHazards = append(o.downHazards, n.downHazards...)
	}
	if slices.ContainsFunc(o.hazards, hazard.Hazard.Long) || d.awaits(b) {
		o.stage = stageRewrite
	}
	return append(ops, o, analyze(t.String(), "the values of the new type", a.Name)), nil
}

// analyze gathers anew what the planner forgot about columns with their old values.
func analyze(table, what string, columns ...string) Op {
	var list []string
	for _, c := range columns {
		list = append(list, ident(c))
	}
	return Op{stage: stageAnalyze, up: []cmd{sql("ANALYZE "+table+" ("+strings.Join(list, ", ")+")", "The planner knows nothing about "+what+" yet.")}}
}

// typeHazards are those of a column's change from a to b. One that leads back to what the replayed state has offers no other way.
func (d *differ) typeHazards(t *table, a, b *column, using string, cost cost) []hazard.Hazard {
	c := hazard.TypeChange{
		Table: t.String(), Named: t.Name, Column: a.Name, From: a.resolved(), To: b.resolved(),
		Using: strings.TrimPrefix(using, " USING "),
		Seen: hazard.Seen{Rewrites: cost.rewrites, Rebuilds: cost.rebuilds,
			Rechecks: slices.ContainsFunc(t.constraints, func(k *constraint) bool { return k.Kind == "c" && slices.Contains(k.Columns, a.Name) })},
	}
	if t.column(a.Name) == a {
		c.Outline = true
		c.New = t.fixColumn(pgsql.FreeName(a.Name, "_new", func(name string) bool { return t.column(name) != nil }), b.typed())
	}
	price := c.Cost()
	if len(price) > 0 {
		for _, h := range d.keyHazards(t, a.Name) {
			h.Instead = price[0].Instead
			price = append(price, h)
		}
	}
	return append(price, c.Values()...)
}

// resolved is the column's type with what it is made of.
func (c *column) resolved() hazard.Type {
	return hazard.Type{Name: c.Type, Base: c.Base, Checked: c.Checked, Labels: c.Labels}
}

// keyHazards name the other tables that are locked as long as t while a column's type changes:
// PostgreSQL makes the column's foreign keys anew, and takes ACCESS EXCLUSIVE on both ends
// before it writes a row.
func (d *differ) keyHazards(t *table, column string) []hazard.Hazard {
	var list []hazard.Hazard
	add := func(other *table, why string) {
		if other != nil && other.OID != t.OID {
			list = append(list, hazard.Hazard{Kind: hazard.Along, Table: other.String(), Lock: hazard.AccessExclusive, What: "nobody reads or writes it meanwhile either, for " + why})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.have.tables)) {
		from := d.have.tables[name]
		for _, k := range from.constraints {
			switch {
			case k.Kind != "f" || k.refs == nil || d.freed[k]:
			case from.OID == t.OID && slices.Contains(k.Columns, column):
				add(k.refs, "the foreign key "+ident(k.Name)+" refers to it")
			case k.refs.OID == t.OID && k.key != nil && slices.Contains(k.key.Columns, column):
				add(from, "its foreign key "+ident(k.Name)+" refers to what changes")
			}
		}
	}
	return list
}

// typeSteps changes the type, without the default, which may have no cast.
func typeSteps(t *table, a, b *column, using string) []cmd {
	alter := "ALTER COLUMN " + ident(a.Name) + " "
	var cmds []cmd
	if a.Default != nil {
		cmds = append(cmds, action(t, alter+"DROP DEFAULT"))
	}
	cmds = append(cmds, action(t, alter+"TYPE "+b.typed()+using))
	if b.Default != nil {
		cmds = append(cmds, action(t, alter+"SET DEFAULT "+*b.Default))
	}
	return append(cmds, b.unsaid...)
}

func defaultSteps(t *table, a, b *column) []cmd {
	alter := "ALTER COLUMN " + ident(a.Name) + " "
	switch {
	case text(a.Default) == text(b.Default):
		return nil
	case b.Default == nil:
		return []cmd{action(t, alter+"DROP DEFAULT")}
	}
	return []cmd{action(t, alter+"SET DEFAULT "+*b.Default)}
}

// addAlternative adds a plain column in place of one that rewrites the table.
func addAlternative(t *table, c *column) fix.Text {
	return fix.AddPlain(t.fixColumn(c.Name, c.typed()))
}
