package lint

import (
	"maps"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// changedData returns the tables of which the statement's text deletes rows, and the columns whose values it
// overwrites, as SQL. Both existed before the change. Values that were NULL aren't lost.
func (s *step) changedData() (deletes, overwrites []string) {
	from, over := map[string]bool{}, map[string]bool{}
	for _, part := range append([]*step{s}, s.parts...) {
		for _, c := range changesRows(part.st) {
			t := part.before.find(c.Targets[0].Schema, c.Targets[0].Name)
			switch {
			case t == nil || part.oldTable(t.OID) == nil:
			case c.Verb == "DELETE", c.Verb == "MERGE" && c.Rest.Anywhere("THEN", "DELETE"):
				from[t.sql()] = true
			case c.Verb == "MERGE" && c.Rest.Anywhere("THEN", "UPDATE"):
				over[t.sql()] = true
			case c.Verb == "UPDATE":
				for _, name := range assigned(c) {
					if col := t.column(name); col != nil && part.oldColumn(t.OID, col.Num) && !onlyNull(c, name) {
						over[t.sql()+"."+pgsql.Ident(name)] = true
					}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(from)), slices.Sorted(maps.Keys(over))
}

// assigned returns the columns that an UPDATE sets.
func assigned(st *pgsql.Statement) (names []string) {
	list, _ := assignments(st)
	for _, w := range list {
		i := 0
		if w.At(0) == "(" { // (a, b) = ...
			i = 1
		}
		for {
			name, next, ok := w.Ident(i)
			if !ok {
				break
			}
			names = append(names, name)
			if w.At(next) != "," {
				break
			}
			i = next + 1
		}
	}
	return names
}

// onlyNull reports whether an UPDATE changes only rows in which a column is NULL.
func onlyNull(st *pgsql.Statement, column string) bool {
	cond, ok := condition(st)
	return ok && !slices.ContainsFunc(alternatives(cond), func(cond pgsql.Words) bool {
		return !slices.ContainsFunc(all(cond), func(c pgsql.Words) bool {
			name, next, ok := c.Name(0)
			return ok && name.Name == column && len(c) == next+2 && c.Starts(next, "IS", "NULL")
		})
	})
}
