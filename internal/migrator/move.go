package migrator

import (
	"cmp"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A move is a new name that a statement gives to a table or to one of its columns: what
// it holds is not lost. Names are as catalogs have them.
type move struct {
	table  string // schema.name
	column string // "" for the table itself
	to     string // schema.name of a table, the bare name of a column
}

// moves reads the new names that statements give, in order. A table without a schema is
// taken for one in public.
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

// moved is what a table or column is called after the moves.
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

// unmoved is what a table or column was called before the moves.
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
