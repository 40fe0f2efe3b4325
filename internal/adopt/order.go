package adopt

import (
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// orderAfter returns the columns of each table of want, the schema that the files produce, in the order in which the
// files' statements create them. Effects don't have the order. Tables of which the statements don't show all columns
// are omitted.
func orderAfter(files []*migration.File, want catalog.Catalog) map[string][]string {
	order := map[string][]string{}
	for _, f := range files {
		for _, stmt := range f.Stmts {
			st := stmt.Parse()
			if len(st.Targets) == 0 {
				continue
			}
			switch table := catalogName(st.Targets[0]); st.Verb {
			case "CREATE TABLE":
				if _, exists := order[table]; !exists || !st.IfNotExists {
					order[table] = declared(st.Rest)
				}
			case "DROP TABLE":
				for _, t := range st.Targets {
					delete(order, catalogName(t))
				}
			case "ALTER TABLE":
				alterOrder(order, st.Targets[0], st.Actions)
			}
		}
	}
	for table, columns := range order {
		found := 0
		for _, c := range columns {
			if _, ok := want.Def("column", table+"."+c); ok {
				found++
			}
		}
		total := 0
		for l := range want.All() {
			if l.Kind == "column" && !l.Comment && l.Relation() == catalog.Escape(table) {
				total++
			}
		}
		if found != len(columns) || found != total {
			delete(order, table)
		}
	}
	return order
}

// catalogName returns a table's name as in a catalog.
func catalogName(n pgsql.Name) string {
	if n.Schema == "" {
		n.Schema = "public"
	}
	return pgsql.QualifiedIdent(n.Schema, n.Name)
}

// declared returns the columns in the parentheses of a CREATE TABLE.
func declared(rest pgsql.Words) (columns []string) {
	if rest.At(0) != "(" {
		return nil
	}
	depth, first := 0, false
	for i := range rest {
		switch rest.At(i) {
		case "(", "[":
			depth++
			first = depth == 1
			continue
		case ")", "]":
			if depth--; depth == 0 {
				return columns
			}
		case ",":
			first = depth == 1
			continue
		}
		if !first {
			continue
		}
		first = false
		switch rest.At(i) {
		case "CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE", "LIKE":
			continue
		}
		if name, _, ok := rest.Ident(i); ok {
			columns = append(columns, pgsql.Ident(name))
		}
	}
	return columns
}

// alterOrder changes the order as an ALTER TABLE does.
func alterOrder(order map[string][]string, target pgsql.Name, actions []pgsql.Action) {
	table := catalogName(target)
	// PostgreSQL drops first.
	drops := func(a pgsql.Action) int {
		if a.Verb == "DROP COLUMN" {
			return 0
		}
		return 1
	}
	actions = slices.SortedStableFunc(slices.Values(actions), func(a, b pgsql.Action) int { return drops(a) - drops(b) })
	for _, a := range actions {
		columns, known := order[table]
		if !known {
			return
		}
		name := pgsql.Ident(a.Name.Name)
		at := slices.Index(columns, name)
		switch a.Verb {
		case "ADD COLUMN":
			if at < 0 {
				order[table] = append(columns, name)
			}
		case "DROP COLUMN":
			if at >= 0 {
				order[table] = slices.Delete(columns, at, at+1)
			}
		case "RENAME COLUMN":
			if at >= 0 {
				columns[at] = pgsql.Ident(a.To.Name)
			}
		case "RENAME TO", "SET SCHEMA":
			next := target
			if a.Verb == "RENAME TO" {
				next.Name = a.Name.Name
			} else {
				next.Schema = a.Name.Name
			}
			delete(order, table)
			target, table = next, catalogName(next)
			order[table] = columns
		}
	}
}
