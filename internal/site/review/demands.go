package review

import (
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A demand is what the schema after a change demands of rows that the one before allowed to be different.
type demand struct{ table, text string }

// demands compares the schemas before and after a change. It finds what is built in several steps, too, such as a check
// that is NOT VALID first. Unique indexes are found by lint. Tables, columns and constraints are compared by name.
func demands(before, after catalog.Catalog) (list []demand) {
	existed := func(kind, name string) bool { _, ok := before.Def(kind, name); return ok }
	for l := range after.All() {
		if l.Kind != "column" && l.Kind != "constraint" || l.Comment {
			continue
		}
		table, _ := catalog.CutName(catalog.Escape(l.Name))
		if !existed("table", table) || inherited(l) {
			continue
		}
		add := func(text string) { list = append(list, demand{table, text}) }
		def, same := before.Def(l.Kind, l.Name)
		old := catalog.Line{Kind: l.Kind, Name: l.Name, Def: def}
		switch {
		case l.Kind == "column" && same:
			was, is := old.Column(), l.Column()
			if !requires(was.NotNull) && requires(is.NotNull) {
				add("fails if column " + l.Name + " is NULL in a row")
			}
			types := hazard.TypeChange{From: hazard.Type{Name: was.Type}, To: hazard.Type{Name: is.Type}}
			if _, fails := types.Failing(""); fails && was.Type != is.Type {
				add("fails if a value of column " + l.Name + " doesn't fit in " + is.Type)
			}
		case l.Kind == "constraint":
			c := l.Constraint()
			if c.Kind != "CHECK" && c.Kind != "FOREIGN KEY" || !valid(l) || same && def == l.Def {
				continue
			}
			newColumn := func(name string) bool { return !existed("column", table+"."+pgsql.Ident(name)) }
			if holds(before, table, l.Def) || c.Kind == "FOREIGN KEY" && !slices.ContainsFunc(c.Columns, func(name string) bool { return !newColumn(name) }) {
				continue
			}
			add("fails if a row violates constraint " + l.Name)
		}
	}
	return list
}

// requires reports whether a column's NOT NULL holds for all rows.
func requires(notNull string) bool { return notNull != "" && !strings.HasSuffix(notNull, "VALID") }

func valid(l catalog.Line) bool { return !strings.Contains(l.Def, " NOT VALID") }

func inherited(l catalog.Line) bool {
	_, state := l.CutState()
	return strings.Contains(state, "inherited")
}

// holds reports whether a table had a valid constraint of the same definition, under whatever name.
func holds(c catalog.Catalog, table, def string) bool {
	for l := range c.All() {
		if l.Kind != "constraint" || l.Def != def {
			continue
		}
		if l.Relation() == table {
			return true
		}
	}
	return false
}
