package migrator

import (
	"cmp"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A move renames a table or a column, whose data isn't lost. Names are as in catalogs.
type move struct {
	table  string // schema.name
	column string // "" for the table itself
	to     string // schema.name of a table, the bare name of a column
}

// moves returns the renames of statements, in order. A table without a schema is one in public.
func moves(stmts []pgsql.Stmt) []move {
	var all []move
	for _, stmt := range stmts {
		for _, r := range stmt.Parse().Renames() {
			r.Name.Schema = cmp.Or(r.Name.Schema, "public")
			m := move{table: r.Name.String()}
			switch r.Kind {
			case "table":
				r.To.Schema = cmp.Or(r.To.Schema, r.Name.Schema)
				m.to = r.To.String()
			case "column":
				m.column, m.to = pgsql.Ident(r.Part), pgsql.Ident(r.To.Name)
			default:
				continue
			}
			all = append(all, m)
		}
	}
	return all
}

// moved returns the new name of a table or column.
func moved(moves []move, table, column string) (string, string) {
	for _, m := range moves {
		switch {
		case m.table != table:
		case m.column == "":
			table = m.to
		case m.column == column:
			column = m.to
		}
	}
	return table, column
}

// unmoved returns the old name of a table or column.
func unmoved(moves []move, table, column string) (string, string) {
	for _, m := range slices.Backward(moves) {
		switch {
		case m.column == "" && m.to == table:
			table = m.table
		case m.column != "" && m.table == table && m.to == column:
			column = m.column
		}
	}
	return table, column
}
