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
	up, down := serialSteps(t, a, b), serialSteps(t, b, a)
	if seq := b.serial(); seq != nil && a.serial() == nil {
		d.add(numbers(t, b, seq))
	}
	if a.typed() == b.typed() {
		if text(a.Default) != text(b.Default) || !sameSequence(a.serial(), b.serial()) {
			d.add(op{stage: stageAlter, key: t.String(),
				up:   slices.Concat(up.before, defaultSteps(t, a, b), up.after),
				down: slices.Concat(down.before, defaultSteps(t, b, a), down.after)})
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
	o := op{stage: stageAlter, key: t.String(),
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

// steps stand around the change of a default that uses a sequence.
type steps struct{ before, after []cmd }

// serialSteps makes the sequence of column a that of column b.
func serialSteps(t *table, a, b *column) (s steps) {
	from, to := a.serial(), b.serial()
	switch {
	case sameSequence(from, to):
	case from == nil: // numbers has made it, or on the way back the sequence is as it was
		if t.column(b.Name) == b {
			s.before = []cmd{sql(to.create())}
			s.after = []cmd{sql("ALTER SEQUENCE " + to.String() + " OWNED BY " + t.columnName(b)), numberOn(t, b)}
		}
	case to == nil && t.column(a.Name) != a: // the way back of numbers drops it
	case to == nil:
		s.after = []cmd{sql("DROP SEQUENCE " + from.String())}
	default:
		if from.String() != to.String() {
			s.before = append(s.before, sql("ALTER SEQUENCE "+from.String()+" RENAME TO "+ident(to.Name)))
		}
		if from.Type != to.Type {
			s.after = append(s.after, sql("ALTER SEQUENCE "+to.String()+" AS "+to.Type))
		}
	}
	return s
}

// numbers makes a sequence for a column that has values, where nobody waits while the
// highest is looked for.
func numbers(t *table, c *column, seq *sequence) op {
	return op{stage: stageNumbers, key: t.String(),
		up: []cmd{
			sql(seq.create() + " OWNED BY " + t.columnName(c)),
			sql("SELECT setval("+literal(seq.String())+", max("+ident(c.Name)+")) FROM "+t.String()+" HAVING max("+ident(c.Name)+") IS NOT NULL",
				"The numbers go on after the highest; this may read the whole table and blocks nobody."),
		},
		down: []cmd{sql("DROP SEQUENCE " + seq.String())}}
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
