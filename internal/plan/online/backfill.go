package online

import (
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
)

// backfill sets a new column to its default in existing rows, in batches that commit one by one.
func backfill(t *table, c *column) Op {
	how := ", batch by batch"
	fill := fix.Column{Table: t.fix(), Name: ident(c.Name)}.Fill("DEFAULT")
	if fill.Walk() == fix.AtOnce {
		how = ", in one statement: there is no key to batch by"
	}
	return Op{stage: stageBackfill, key: t.String(), up: []cmd{
		sql(fill.Do().String(), "Backfill "+ident(c.Name)+" in existing rows"+how+".",
			"repeatable "+fill.Reason),
		sql("ANALYZE " + t.String() + " (" + ident(c.Name) + ")"),
	}}
}

// fix returns the table as package fix needs it, with a primary key or a unique constraint without NULLs to batch by.
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

// fixColumn returns a column of the table as package fix needs it.
func (t *table) fixColumn(name, typ string) fix.Column {
	return fix.Column{Table: t.fix(), Name: ident(name), Type: typ}
}
