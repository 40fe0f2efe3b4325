package plan

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// changeType changes a column's type and default. A change that rewrites the table is
// marked.
func (d *differ) changeType(ctx context.Context, t *table, a, b *column) error {
	n := d.numbering(t, a, b)
	up, down := n.up, n.down
	if a.typed() == b.typed() {
		o := op{stage: stageAlter, key: n.file(t, a), marks: n.marks, downMarks: n.downMarks,
			up:   slices.Concat(up.before, defaultSteps(t, a, b), up.after),
			down: slices.Concat(down.before, defaultSteps(t, b, a), down.after)}
		if len(o.marks) > 0 || d.awaits(b) {
			o.stage = stageRewrite
		}
		if len(o.up) > 0 {
			d.add(o)
		}
		return nil
	}
	cost, using, ok, err := d.castCost(ctx, t, a, b)
	if err != nil {
		return err
	}
	if !ok {
		d.refuse(t, fmt.Sprintf("column %s cannot become %s: PostgreSQL has no cast from %s\n"+
			"add a new column of that type in the schema file, fill it in a migration of your own (new), then drop the old one", t.columnName(a), b.Type, a.Type))
		return nil
	}
	back, backUsing, _, err := d.castCost(ctx, t, b, a)
	if err != nil {
		return err
	}
	o := op{stage: stageAlter, key: n.file(t, a),
		up:   slices.Concat(up.before, typeSteps(t, a, b, using), up.after),
		down: slices.Concat(down.before, typeSteps(t, b, a, backUsing), down.after)}
	what := func(from, to *column) string {
		return fmt.Sprintf("the type of %s changes from %s to %s", ident(a.Name), from.typed(), to.typed())
	}
	if why := expensive(t, a, cost); why != "" {
		o.stage = stageRewrite
		o.marks = slices.Concat(blockMark(cost.rewrites, t, what(a, b)+why, nil), d.keyMarks(t, a.Name), fits(t, a, b), typeAlternative(t, a, b, using))
	}
	if slices.ContainsFunc(d.have.tables[t.String()].columns, func(c *column) bool { return slices.Contains(c.Reads, a.Name) }) {
		o.stage = stageRewrite // where what reads it is made anew
	}
	if why := expensive(t, a, back); why != "" {
		o.downMarks = blockMark(back.rewrites, t, what(b, a)+why, append(d.keyMarks(t, a.Name), fits(t, b, a)...))
	}
	if !cost.rewrites {
		o.marks = append(o.marks, n.marks...)
	}
	if !back.rewrites {
		o.downMarks = append(o.downMarks, n.downMarks...)
	}
	if len(o.marks) > 0 || d.awaits(b) {
		o.stage = stageRewrite
	}
	d.add(o, analyze(t.String(), "the values of the new type", a.Name))
	return nil
}

// analyze gathers anew what the planner forgot about columns with their old values.
func analyze(table, what string, columns ...string) op {
	var list []string
	for _, c := range columns {
		list = append(list, ident(c))
	}
	return op{stage: stageAnalyze, up: []cmd{sql("ANALYZE "+table+" ("+strings.Join(list, ", ")+")", "The planner knows nothing about "+what+" yet.")}}
}

// expensive says why a change of a column's type takes as long as the table is big, or
// nothing.
func expensive(t *table, c *column, cost cost) string {
	switch {
	case cost.rewrites:
		return ", which writes every row and every index anew"
	case cost.rebuilds:
		return ", which builds its indexes anew"
	case slices.ContainsFunc(t.constraints, func(k *constraint) bool { return k.Kind == "c" && slices.Contains(k.Columns, c.Name) }):
		return ", and every row is checked again"
	}
	return ""
}

// keyMarks name the other tables that are locked as long as t while a column's type changes:
// PostgreSQL makes the column's foreign keys anew, and takes ACCESS EXCLUSIVE on both ends
// before it writes a row.
func (d *differ) keyMarks(t *table, column string) []string {
	var marks []string
	add := func(other *table, why string) {
		if other != nil && other.OID != t.OID {
			marks = append(marks, "BLOCKS "+other.String()+": nobody reads or writes it meanwhile either, for "+why+".")
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
	return marks
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

// rewriteMark is what a file says first that writes a table anew.
func rewriteMark(t *table, why string, instead []string) []string {
	return blockMark(true, t, why, instead)
}

// blockMark is what a file says first that keeps everybody from a table for as long as the
// table is big.
func blockMark(rewrites bool, t *table, why string, instead []string) []string {
	word, cost := "BLOCKS ", "Nobody reads or writes the table meanwhile."
	if rewrites {
		word, cost = "REWRITES ", "Nobody reads or writes the table meanwhile, and the disk holds it twice."
	}
	return append([]string{word + t.String() + ": " + why + ".", cost}, instead...)
}

// writeBlockMark is blockMark where readers go on.
func writeBlockMark(t *table, why string, instead ...string) []string {
	return append([]string{"BLOCKS " + t.String() + ": " + why + ".", "Nobody writes the table meanwhile."}, instead...)
}

// typeAlternative says how to change a type without blocking. Without a USING the values are
// assigned as they are: a cast that is spelled out would cut a text to its new length.
func typeAlternative(t *table, a, b *column, using string) []string {
	next := t.fixColumn(pgsql.FreeName(a.Name, "_new", func(name string) bool { return t.column(name) != nil }), b.typed())
	value := cmp.Or(strings.TrimPrefix(using, " USING "), ident(a.Name))
	return []string{
		"To keep the application running, expand and contract instead: first",
		"  " + fix.AddColumn(next).String(),
		"let the application write both columns, fill the old rows in batches with",
		"  " + fix.FillRows(next, value, fix.Blank).String(),
		"let it read " + next.Name + ", and drop " + ident(a.Name) + " when nobody uses it any more.",
	}
}

func addAlternative(t *table, c *column) []string {
	return []string{
		"To keep the application running, add a plain column instead,",
		"  " + fix.AddColumn(t.fixColumn(c.Name, c.typed())).String(),
		"let the application or a trigger write it, and fill the old rows in batches.",
	}
}
