package migrator

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Loss is data that is lost with a table or a column.
type Loss struct {
	Table  string // schema.name, quoted where needed
	Column string // quoted where needed; "" for the whole table
	Rows   int64  // rows of the table, or rows in which the column is not null
}

func (l Loss) String() string {
	rows := "1 row"
	if l.Rows != 1 {
		rows = fmt.Sprintf("%d rows", l.Rows)
	}
	if l.Column == "" {
		return fmt.Sprintf("table %s with %s", l.Table, rows)
	}
	return fmt.Sprintf("column %s.%s with values in %s", l.Table, l.Column, rows)
}

// LossError means that data would be lost. Nothing was done.
type LossError struct{ Losses []Loss }

func (e *LossError) Error() string {
	texts := make([]string, len(e.Losses))
	for i, l := range e.Losses {
		texts[i] = l.String()
	}
	return fmt.Sprintf("this would drop %s, and applying again doesn't restore the data; nothing was done: add -yes to drop it", strings.Join(texts, ", "))
}

// losses counts the rows of the tables and columns that the steps' migrations added, according to their effects.
// Because an effect may miss something, it also counts those that the down files drop. A table or column that only gets
// its old name back isn't lost, unless a later step drops it under that name.
func (s *session) losses(ctx context.Context, steps []*step) ([]Loss, error) {
	var tables []string
	var columns [][2]string
	var before []move // of the steps before this one
	for _, st := range steps {
		replaced := make(map[catalog.Line]bool)
		for _, line := range st.effect.Removed() {
			replaced[line.Object()] = true
		}
		own := moves(st.stmts[min(st.done, len(st.stmts)):])
		for _, line := range st.effect.Added() {
			if line.Comment || replaced[line.Object()] {
				continue
			}
			switch line.Kind {
			case "table":
				if to, _ := moved(own, line.Name, ""); !replaced[catalog.Line{Kind: "table", Name: to}] {
					table, _ := unmoved(before, line.Name, "")
					tables = append(tables, table)
				}
			case "column":
				table, column := catalog.CutName(line.Name)
				if t, c := moved(own, table, column); !replaced[catalog.Line{Kind: "column", Name: t + "." + c}] {
					table, column = unmoved(before, table, column)
					columns = append(columns, [2]string{table, column})
				}
			}
		}
		before = append(before, own...)
	}
	moreTables, moreColumns, err := s.dropped(ctx, steps)
	if err != nil {
		return nil, err
	}
	for _, t := range moreTables {
		if !slices.Contains(tables, t) {
			tables = append(tables, t)
		}
	}
	for _, c := range moreColumns {
		if !slices.Contains(columns, c) {
			columns = append(columns, c)
		}
	}
	var losses []Loss
	for _, t := range tables {
		n, err := s.count(ctx, t, "*")
		if err != nil {
			return nil, err
		}
		if n > 0 {
			losses = append(losses, Loss{Table: t, Rows: n})
		}
	}
	for _, c := range columns {
		if slices.Contains(tables, c[0]) {
			continue
		}
		if computed, err := s.computed(ctx, c[0], c[1]); err != nil {
			return nil, err
		} else if computed {
			continue
		}
		n, err := s.count(ctx, c[0], c[1])
		if err != nil {
			return nil, err
		}
		if n > 0 {
			losses = append(losses, Loss{Table: c[0], Column: c[1], Rows: n})
		}
	}
	return losses, nil
}

// computed reports whether a column is generated, so that its values can be computed again.
func (s *session) computed(ctx context.Context, table, column string) (computed bool, err error) {
	err = s.conn.QueryRow(ctx, `
SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) = $1
                  AND pg_catalog.quote_ident(a.attname) = $2 AND a.attgenerated <> '')`, table, column).Scan(&computed)
	if err != nil {
		return false, fmt.Errorf("reading the column %s of %s: %w", column, table, err)
	}
	return computed, nil
}

// count counts the values that are not null, 0 if the table or column doesn't exist.
func (s *session) count(ctx context.Context, table, what string) (int64, error) {
	var n int64
	err := s.conn.QueryRow(ctx, "SELECT count("+what+") FROM "+table).Scan(&n)
	switch pgsql.SQLState(err) {
	case pgsql.UndefinedTable, pgsql.UndefinedColumn, pgsql.InvalidSchemaName:
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("counting the rows of %s: %w", table, err)
	}
	return n, nil
}
