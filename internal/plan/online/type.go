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

// changeType changes a column's type and default.
func (d *differ) changeType(ctx context.Context, t *table, a, b *column) ([]Op, error) {
	n := d.numbering(t, a, b)
	ops := n.ops
	up, down := n.up, n.down
	typed := *b
	typed.Default, typed.draws, typed.own, typed.Identity = a.Default, a.draws, a.own, a.Identity
	if n.moves && a.typed() != b.typed() && (a.Default == nil || a.draws != "") && (len(n.hazards) == 0 || d.indexable(t, a)) {
		// The numbers move in a file of their own, so that one statement changes the types of all columns.
		ops, err := d.changeType(ctx, t, a, &typed)
		if err != nil {
			return nil, err
		}
		moved, err := d.changeType(ctx, t, &typed, b)
		for i := range moved {
			moved[i].rank++
			if moved[i].stage == stageAlter {
				moved[i].stage = stageRewrite
			}
		}
		return append(ops, moved...), err
	}
	if a.typed() == b.typed() {
		o := Op{stage: stageAlter, key: n.file(t, a), hazards: n.hazards, downHazards: n.downHazards,
			up:   slices.Concat(up.before, defaultSteps(t, a, b), up.after),
			down: slices.Concat(down.before, defaultSteps(t, b, a), down.after)}
		if len(o.up) == 0 {
			return ops, nil
		}
		numbered := d.withIndex(t, b, o)
		for i := range numbered {
			if o := &numbered[i]; o.stage == stageAlter && (slices.ContainsFunc(o.hazards, hazard.Hazard.Long) || d.awaitsSequence(b)) {
				o.stage = stageRewrite
			}
		}
		return append(ops, numbered...), nil
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
		o.stage = stageRewrite // with the generated columns that read it
	}
	if !cost.rewrites {
		o.hazards = append(o.hazards, n.hazards...)
	}
	if !back.rewrites {
		o.downHazards = append(o.downHazards, n.downHazards...)
	}
	if slices.ContainsFunc(o.hazards, hazard.Hazard.Long) || d.awaitsSequence(b) {
		o.stage = stageRewrite
	}
	return append(ops, o, analyze(t.String(), "the values of the new type", a.Name)), nil
}

// analyze gathers the statistics that the planner lost about columns.
func analyze(table, what string, columns ...string) Op {
	return Op{stage: stageAnalyze, up: []cmd{sql("ANALYZE "+table+" ("+identList(columns)+")", "Gathers statistics on "+what+" for the planner.")}}
}

// typeHazards returns the hazards of changing column a to b. A down migration gets no alternative.
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
	if why := d.inPlace[t.String()]; why != "" && len(price) > 0 && c.Outline {
		if why == chosenInPlace {
			price[0].Instead = fix.Text{}
		} else {
			price[0].Also = "It isn't made by expand and contract, because " + why + "."
		}
	}
	if len(price) > 0 {
		for _, h := range d.keyHazards(t, a.Name) {
			h.Instead = price[0].Instead
			price = append(price, h)
		}
	}
	return append(price, c.Values()...)
}

// resolved returns the column's type with its parts.
func (c *column) resolved() hazard.Type {
	return hazard.Type{Name: c.Type, Base: c.Base, Checked: c.Checked, Labels: c.Labels}
}

// keyHazards returns hazards for the other tables that are locked while a column's type changes. PostgreSQL recreates
// the column's foreign keys, and locks the tables of each before it rewrites t.
func (d *differ) keyHazards(t *table, column string) []hazard.Hazard {
	var list []hazard.Hazard
	add := func(other *table, why string) {
		if other != nil && other.OID != t.OID {
			list = append(list, hazard.Hazard{Kind: hazard.Along, Table: other.String(), Lock: hazard.AccessExclusive, What: "blocked as well, because " + why})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.have.tables)) {
		from := d.have.tables[name]
		for _, k := range from.constraints {
			switch {
			case k.Kind != "f" || k.refs == nil || d.dropFirst[k]:
			case from.OID == t.OID && slices.Contains(k.Columns, column):
				add(k.refs, "the foreign key "+ident(k.Name)+" refers to it")
			case k.refs.OID == t.OID && k.key != nil && slices.Contains(k.key.Columns, column):
				add(from, "its foreign key "+ident(k.Name)+" refers to the column")
			}
		}
	}
	return list
}

// typeSteps changes the type without the default, which may have no cast.
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
	return append(cmds, b.properties...)
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

// addAlternative describes how to add the column without rewriting the table.
func addAlternative(t *table, c *column) fix.Text {
	return fix.AddPlain(t.fixColumn(c.Name, c.typed()))
}
