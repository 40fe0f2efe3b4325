package migrator

import (
	"slices"
	"strings"

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
		r := &dropReader{tokens: pgsql.Tokens(stmt.Text)}
		if !r.words("ALTER", "TABLE") {
			continue
		}
		r.words("IF", "EXISTS")
		r.words("ONLY")
		schema, table := qualified(r.name())
		r.words("*")
		m := move{table: schema + "." + table}
		switch {
		case r.words("SET", "SCHEMA"):
			_, to := qualified(r.name())
			m.to = to + "." + table
		case r.words("RENAME", "TO"):
			_, to := qualified(r.name())
			m.to = schema + "." + to
		case r.words("RENAME", "CONSTRAINT"):
			continue
		case r.words("RENAME"):
			r.words("COLUMN")
			_, m.column = qualified(r.name())
			if !r.words("TO") {
				continue
			}
			_, m.to = qualified(r.name())
		default:
			continue
		}
		all = append(all, m)
	}
	return all
}

// qualified takes a written name apart, and quotes its parts as catalogs do.
func qualified(name string) (schema, last string) {
	before, last := cutLast(name)
	if before == "" {
		before = "public"
	}
	return plainly(before), plainly(last)
}

// plainly quotes a written identifier only where it needs it.
func plainly(ident string) string {
	if raw, ok := strings.CutPrefix(ident, `"`); ok {
		ident = strings.ReplaceAll(strings.TrimSuffix(raw, `"`), `""`, `"`)
	}
	return pgsql.Ident(ident)
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
