package online

import (
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
)

// backfill gives the old rows the default of a new column, in batches that each commit.
func backfill(t *table, c *column) Op {
	how := ", batch by batch"
	fill := fix.Column{Table: t.fix(), Name: ident(c.Name)}.Fill("DEFAULT")
	if fill.Walk() == fix.AtOnce {
		how = ", at once: there is no key to go along"
	}
	return Op{stage: stageBackfill, key: t.String(), up: []cmd{
		sql(fill.Do().String(), "Fill "+ident(c.Name)+" in the rows that were there before"+how+".",
			"repeatable "+fill.Reason),
		sql("ANALYZE " + t.String() + " (" + ident(c.Name) + ")"),
	}}
}

// fix is the table as batches go through it, along a primary key or a unique constraint without NULLs.
func (t *table) fix() fix.Table {
	f := fix.Table{Name: t.String(), Spread: t.Partitioned}
	for _, k := range t.constraints {
		if k.Kind != "p" && (k.Kind != "u" || f.Key != nil) || slices.ContainsFunc(k.Columns, func(name string) bool { return !t.column(name).NotNull }) {
			continue
		}
		f.Key = nil
		for _, name := range k.Columns {
			f.Key = append(f.Key, ident(name))
		}
	}
	return f
}

// fixColumn is a column as fixes need it.
func (t *table) fixColumn(name, typ string) fix.Column {
	return fix.Column{Table: t.fix(), Name: ident(name), Type: typ}
}
