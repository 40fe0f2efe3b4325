package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// fingerprint describes a schema without the help of package catalog.
func fingerprint(t *testing.T, s *state.State) string {
	t.Helper()
	var text string
	err := s.Conn().QueryRow(t.Context(), `
SELECT coalesce(string_agg(line, E'\n' ORDER BY line), '') FROM (
  SELECT format('%s.%s %s %s%s %s %s %s %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
    pg_get_expr(d.adbin, d.adrelid), a.attcollation::regcollation, col_description(a.attrelid, a.attnum)) AS line
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped AND n.nspname IN ('public', 'Other')
  UNION ALL
  SELECT format('%s %s %s %s %s %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid), k.convalidated, k.condeferrable, obj_description(k.oid))
  FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE n.nspname IN ('public', 'Other') AND k.contype <> 'n'
  UNION ALL
  SELECT format('%s %s %s', pg_get_indexdef(i.indexrelid), i.indisvalid, obj_description(i.indexrelid))
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('public', 'Other')
  UNION ALL
  SELECT format('%s %s', e.enumtypid::regtype, string_agg(quote_literal(e.enumlabel), ',' ORDER BY e.enumsortorder)) FROM pg_enum e GROUP BY e.enumtypid
  UNION ALL
  SELECT format('%s %s', c.oid::regclass, obj_description(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname IN ('public', 'Other') AND c.relkind = 'r'
  UNION ALL
  SELECT format('%s %s', s.seqrelid::regclass, row_to_json(s)::jsonb - 'seqrelid') FROM pg_sequence s
  WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = s.seqrelid AND d.deptype = 'i') -- an identity column's keeps its name when that changes
  UNION ALL
  SELECT format('schema %s %s', nspname, obj_description(oid)) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
) l`).Scan(&text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// fillRows puts three rows into every table, with k from 1 to 3: every value in a column
// is another one. In the third row all is NULL that may be, before and after the plan.
func fillRows(t *testing.T, s, after *state.State) {
	t.Helper()
	ctx := t.Context()
	const q = `
SELECT a.attrelid::regclass::text, quote_ident(a.attname), format_type(a.atttypid, NULL), a.attnotnull
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity = '' AND n.nspname IN ('public', 'Other') ORDER BY a.attrelid, a.attnum`
	type col struct {
		table, name, typ string
		notNull          bool
	}
	read := func(s *state.State) []col {
		rows, err := s.Conn().Query(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c col, err error) {
			return c, row.Scan(&c.table, &c.name, &c.typ, &c.notNull)
		})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	later := read(after)
	var tables []string
	names, values := map[string][]string{}, map[string][]string{}
	for _, c := range read(s) {
		if names[c.table] == nil {
			tables = append(tables, c.table)
		}
		names[c.table] = append(names[c.table], c.name)
		v := "v"
		switch c.typ {
		case "text", "character varying":
			v = "'v' || v"
		case "boolean":
			v = "v = 1"
		case "uuid":
			v = "lpad(v::text, 32, '0')::uuid"
		case "jsonb", "json":
			v = "jsonb_build_object('n', v)::" + c.typ
		case "date", "timestamp without time zone", "timestamp with time zone":
			v = "('2025-01-0' || v)::" + c.typ
		case "text[]":
			v = "ARRAY['v' || v]"
		case "mood":
			v = "(ARRAY['sad', 'ok', 'ok'])[v]::mood"
		}
		anyNotNull := c.notNull || slices.ContainsFunc(later, func(l col) bool { return l.name == c.name && l.notNull })
		if !anyNotNull {
			v = "CASE WHEN v < 3 THEN " + v + " END"
		}
		values[c.table] = append(values[c.table], v)
	}
	// In one statement: the keys between the tables are checked at its end.
	for n := 3; n >= 0; n-- {
		var parts []string
		for i, table := range tables {
			parts = append(parts, fmt.Sprintf("t%d AS (INSERT INTO %s (%s) SELECT %s FROM generate_series(1, %d) v)",
				i, table, strings.Join(names[table], ", "), strings.Join(values[table], ", "), n))
		}
		_, err := s.Conn().Exec(ctx, "WITH "+strings.Join(parts, ", ")+" SELECT")
		if err == nil {
			return
		}
		if !dataError(err) {
			t.Fatal(err)
		}
	}
}

// dataError says whether rows are why PostgreSQL refuses a statement.
func dataError(err error) bool {
	code := sqlState(err)
	return strings.HasPrefix(code, "23") || strings.HasPrefix(code, "22")
}

// rowsOf is what a table holds: how many rows, and the values of each column in the order
// of k.
type rowsOf struct {
	n       int
	columns map[string]string
}

func readRows(t *testing.T, s *state.State) map[string]rowsOf {
	t.Helper()
	rows, err := s.Conn().Query(t.Context(), `
SELECT c.oid::regclass::text, array_agg(quote_ident(a.attname) ORDER BY a.attnum) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r' AND n.nspname IN ('public', 'Other') GROUP BY c.oid`)
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string][]string{}
	var table string
	var list []string
	if _, err := pgx.ForEachRow(rows, []any{&table, &list}, func() error { columns[table] = slices.Clone(list); return nil }); err != nil {
		t.Fatal(err)
	}
	out := map[string]rowsOf{}
	var parts []string
	for table, list := range columns {
		for _, c := range list {
			parts = append(parts, fmt.Sprintf("SELECT %s, %s, count(*), coalesce(string_agg(coalesce(x.%s::text, 'NULL'), ', ' ORDER BY x.k), '') FROM %s x",
				pgsql.Literal(table), pgsql.Literal(c), c, table))
		}
	}
	if len(parts) == 0 {
		return out
	}
	rows, err = s.Conn().Query(t.Context(), strings.Join(parts, " UNION ALL "), pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	var column, values string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&table, &column, &n, &values}, func() error {
		if n == 0 {
			return nil
		}
		r, ok := out[table]
		if !ok {
			r = rowsOf{n: n, columns: map[string]string{}}
			out[table] = r
		}
		r.columns[column] = values
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

var renamedTable = regexp.MustCompile(`(?m)^ALTER TABLE (\S+|".*"|\S+\.".*") RENAME TO (.*);$`)

// newName is the name of a table after the plan's renames, as regclass prints it.
func (w *worked) newName(table string) string {
	for _, f := range w.files {
		for _, m := range renamedTable.FindAllStringSubmatch(f.SQL, -1) {
			if strings.TrimPrefix(m[1], "public.") == table {
				if schema, _, ok := strings.Cut(table, "."); ok {
					return schema + "." + m[2]
				}
				return m[2]
			}
		}
	}
	return table
}

// loses says whether the plan drops a column, whose values do not come back.
func (w *worked) loses(table, column string) bool {
	for _, f := range w.files {
		for _, l := range f.Losses {
			if strings.HasSuffix(l, "."+column) {
				return true
			}
		}
		if strings.Contains(f.SQL, "DROP COLUMN "+column) || strings.Contains(f.SQL, "DROP TABLE") {
			return true
		}
	}
	return false
}
