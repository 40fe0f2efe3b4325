package migrator

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// dropped returns the tables and columns that exist and that the steps drop, named as in catalogs.
func (s *session) dropped(ctx context.Context, steps []*step) (tables []string, columns [][2]string, err error) {
	for _, st := range steps {
		for _, stmt := range st.stmts[min(st.done, len(st.stmts)):] {
			for _, d := range stmt.Parse().Drops() {
				found, err := s.find(ctx, d)
				if err != nil {
					return nil, nil, fmt.Errorf("finding what %s drops: %w", st.name, err)
				}
				for _, table := range found {
					if d.Part == "" && !slices.Contains(tables, table) {
						tables = append(tables, table)
					}
					if c := [2]string{table, pgsql.Ident(d.Part)}; d.Part != "" && !slices.Contains(columns, c) {
						columns = append(columns, c)
					}
				}
			}
		}
	}
	return tables, columns, nil
}

// find returns the tables that dropping an object drops, or takes a column from.
func (s *session) find(ctx context.Context, d pgsql.Object) ([]string, error) {
	where, name := "c.oid = pg_catalog.to_regclass($1)", d.Name.String()
	switch d.Kind {
	case "table", "column":
	case "schema":
		where, name = "n.oid = pg_catalog.to_regnamespace($1)", pgsql.Ident(d.Name.Name)
	default:
		return nil, nil
	}
	rows, err := s.conn.Query(ctx, `
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND `+where+" ORDER BY 1", name)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
