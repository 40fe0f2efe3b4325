package migrator

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// drop is what one statement drops: a table with all or with one of its columns, or a schema.
type drop struct {
	table  pgsql.Name
	column string // "" for the whole table
	schema string // not "": the tables in it
}

// drops reads what a statement drops together with its data. What a function or
// a DO block does is not seen.
func drops(stmt pgsql.Stmt) []drop {
	var all []drop
	st := stmt.Parse()
	for _, n := range st.Targets {
		switch st.Verb {
		case "DROP TABLE":
			all = append(all, drop{table: n})
		case "DROP SCHEMA":
			all = append(all, drop{schema: n.Name})
		case "ALTER TABLE":
			for _, a := range st.Actions {
				if a.Verb == "DROP COLUMN" {
					all = append(all, drop{table: n, column: a.Name.Name})
				}
			}
		}
	}
	return all
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
					if c := [2]string{table, pgsql.Ident(d.column)}; d.column != "" && !slices.Contains(columns, c) {
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
	where, name := "c.oid = pg_catalog.to_regclass($1)", d.table.String()
	if d.schema != "" {
		where, name = "n.oid = pg_catalog.to_regnamespace($1)", pgsql.Ident(d.schema)
	}
	rows, err := s.conn.Query(ctx, sql+where+" ORDER BY 1", name)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
