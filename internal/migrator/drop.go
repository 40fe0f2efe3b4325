package migrator

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// drop is what one statement drops, as it is written there: a table with all or
// with one of its columns, or a schema.
type drop struct {
	table  string
	column string // "" for the whole table
	schema string // not "": the tables in it
}

// drops reads what a statement drops together with its data. What a function or
// a DO block does is not seen.
func drops(stmt pgsql.Stmt) []drop {
	r := &dropReader{tokens: pgsql.Tokens(stmt.Text)}
	var all []drop
	switch {
	case r.words("DROP", "TABLE"):
		r.words("IF", "EXISTS")
		for {
			all = append(all, drop{table: r.name()})
			if !r.words(",") {
				return all
			}
		}
	case r.words("DROP", "SCHEMA"):
		r.words("IF", "EXISTS")
		for {
			all = append(all, drop{schema: r.name()})
			if !r.words(",") {
				return all
			}
		}
	case r.words("ALTER", "TABLE"):
		r.words("IF", "EXISTS")
		r.words("ONLY")
		table := r.name()
		r.words("*")
		for more := true; more; more = r.nextAction() {
			if !r.words("DROP") || r.words("CONSTRAINT") {
				continue
			}
			r.words("COLUMN")
			r.words("IF", "EXISTS")
			if column := r.name(); column != "" {
				all = append(all, drop{table: table, column: column})
			}
		}
	}
	return all
}

// dropReader reads a statement's tokens.
type dropReader struct{ tokens []pgsql.Token }

// words skips these words if they come next.
func (r *dropReader) words(words ...string) bool {
	if len(r.tokens) < len(words) {
		return false
	}
	for i, w := range words {
		if t := r.tokens[i]; t.Kind != pgsql.Word && t.Kind != pgsql.Op || !strings.EqualFold(t.Text, w) {
			return false
		}
	}
	r.tokens = r.tokens[len(words):]
	return true
}

// name reads a name, qualified or not.
func (r *dropReader) name() string {
	var b strings.Builder
	for len(r.tokens) > 0 && (r.tokens[0].Kind == pgsql.Word || r.tokens[0].Kind == pgsql.QuotedIdent) {
		text := r.tokens[0].Text
		if r.tokens[0].Kind == pgsql.Word {
			text = strings.ToLower(text)
		}
		b.WriteString(text)
		r.tokens = r.tokens[1:]
		if !r.words(".") {
			break
		}
		b.WriteByte('.')
	}
	return b.String()
}

// nextAction skips to behind the next comma that is in no parentheses.
func (r *dropReader) nextAction() bool {
	depth := 0
	for len(r.tokens) > 0 {
		switch {
		case r.words("("), r.words("["):
			depth++
			continue
		case r.words(")"), r.words("]"):
			depth--
			continue
		case depth == 0 && r.words(","):
			return true
		}
		r.tokens = r.tokens[1:]
	}
	return false
}

// dropped returns the tables and columns that exist now and that the steps' down
// files drop, as catalogs name them.
func (s *session) dropped(ctx context.Context, steps []*step) (tables []string, columns [][2]string, err error) {
	for _, st := range steps {
		for _, stmt := range st.stmts[min(st.done, len(st.stmts)):] {
			for _, d := range drops(stmt) {
				found, err := s.find(ctx, d)
				if err != nil {
					return nil, nil, fmt.Errorf("looking for what %s drops: %w", st.name, err)
				}
				for _, table := range found {
					if d.column == "" && !slices.Contains(tables, table) {
						tables = append(tables, table)
					}
					if c := [2]string{table, d.column}; d.column != "" && !slices.Contains(columns, c) {
						columns = append(columns, c)
					}
				}
			}
		}
	}
	return tables, columns, nil
}

// find returns the tables that a drop is about.
func (s *session) find(ctx context.Context, d drop) ([]string, error) {
	const sql = `
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND `
	where, name := "c.oid = pg_catalog.to_regclass($1)", d.table
	if d.schema != "" {
		where, name = "n.oid = pg_catalog.to_regnamespace($1)", d.schema
	}
	rows, err := s.conn.Query(ctx, sql+where+" ORDER BY 1", name)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	switch sqlState(err) {
	case "42602", "0A000", "42601": // invalid_name, another database's, syntax_error: the statement itself will fail
		return nil, nil
	}
	return found, err
}
