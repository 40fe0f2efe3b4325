package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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

// A field is a column that rows can be inserted into. Its names are as SQL writes them, that of the table with its
// schema.
type field struct {
	table, name, typ string
	notNull          bool
	later            string // the type that the column changes to
}

func readFields(t *testing.T, s *state.State) []field {
	t.Helper()
	rows, err := s.Conn().Query(t.Context(), `
SELECT format('%I.%I', n.nspname, c.relname), quote_ident(a.attname), format_type(a.atttypid, NULL), a.attnotnull
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND n.nspname IN ('public', 'Other') ORDER BY a.attrelid, a.attnum`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f field, err error) {
		return f, row.Scan(&f.table, &f.name, &f.typ, &f.notNull)
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// value returns the field's value in row v, 1 to 3: another one in every row, as far as the type has so many, and
// NULL in the third if that is allowed.
func (f field) value() string {
	v := "v"
	switch f.typ {
	case "text", "character varying":
		v = "'v' || v"
	case "boolean":
		v = "v = 2"
	case "uuid":
		v = "lpad(v::text, 32, '0')::uuid"
	case "jsonb", "json":
		v = "jsonb_build_object('n', v)::" + f.typ
	case "date", "timestamp without time zone", "timestamp with time zone":
		v = "('2025-01-0' || v)::" + f.typ
	case "text[]":
		v = "ARRAY['v' || v]"
	case "mood":
		v = "(ARRAY['ok', 'sad', 'ok'])[v]::mood"
	}
	if f.later != "" {
		v = "(" + v + ")::" + f.later
	}
	if !f.notNull {
		v = "CASE WHEN v < 3 THEN " + v + " END"
	}
	return v
}

// An amount is how many rows a table gets, at most 3, and whether they refer to other rows.
type amount struct {
	rows  int
	alone bool
}

// fields returns those that rows set, by the table's name before the plan; the others take their defaults.
type fields map[string][]field

func (list fields) add(table string, f field) { list[table] = append(list[table], f) }

// insert inserts the last rows of three into every table in one statement, so that keys between tables are checked at
// its end. It returns the table whose rows are refused, and why.
func (list fields) insert(ctx context.Context, tx pgx.Tx, amounts map[string]*amount) (refused string, err error) {
	var parts []string
	of := map[string]string{}
	for table, fields := range list {
		var names, values []string
		for _, f := range fields {
			v := f.value()
			if f.name == "parent" && amounts[table].alone {
				v = "NULL"
			}
			names, values = append(names, f.name), append(values, v)
		}
		of[fields[0].table] = table
		parts = append(parts, fmt.Sprintf("t%d AS (INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM generate_series(%d, 3) v)",
			len(parts), fields[0].table, strings.Join(names, ", "), strings.Join(values, ", "), 4-amounts[table].rows))
	}
	_, err = tx.Exec(ctx, "WITH "+strings.Join(parts, ", ")+" SELECT")
	var refusal *pgconn.PgError
	if errors.As(err, &refusal) {
		refused = of[pgsql.QualifiedIdent(refusal.SchemaName, refusal.TableName)]
	}
	return refused, err
}

// fillRows inserts up to three rows into every table, as many as the schema allows. Unless they may be hostile, a
// plan has no excuse not to keep them: what it keeps fits into the schema after it, and again into the one before,
// with defaults for everything else.
func (p *randomPair) fillRows(w *proposal, before, after *state.State) {
	t, ctx := p.t, p.t.Context()
	t.Helper()
	all, there, back := fields{}, fields{}, fields{}
	later := readFields(t, after)
	if p.hostile {
		later = nil
	}
	amounts := map[string]*amount{}
	for _, f := range readFields(t, before) {
		amounts[f.table] = &amount{rows: 3}
		table, name := p.newName(f.table, f.name)
		if i := slices.IndexFunc(later, func(l field) bool { return l.table == table && l.name == name }); i >= 0 && !w.loses(table, f.name) {
			f.notNull = f.notNull || later[i].notNull
			back.add(f.table, f)
			there.add(f.table, field{table, name, f.typ, f.notNull, later[i].typ})
		}
		all.add(f.table, f)
	}
	try := func(s *state.State, list fields) (again bool) {
		if len(list) == 0 {
			return false
		}
		tx, err := s.Conn().Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		table, err := list.insert(ctx, tx, amounts)
		if err := tx.Rollback(ctx); err != nil {
			t.Fatal(err)
		}
		n := amounts[table]
		switch {
		case err == nil:
			return false
		case !dataError(err):
			t.Fatal(err)
		case table == "" && !p.hostile:
			// The values don't have the type that they must have after a rename.
			p.hostile = true
			clear(there)
			clear(back)
		case n == nil || n.rows == 0:
			t.Fatal(err)
		case pgsql.SQLState(err) == "23503" && !n.alone:
			n.alone = true
		default:
			n.rows--
		}
		return true
	}
	for try(before, all) || try(after, there) || try(before, back) {
	}
	err := pgx.BeginFunc(ctx, before.Conn(), func(tx pgx.Tx) error {
		_, err := all.insert(ctx, tx, amounts)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// dataError reports whether PostgreSQL refuses a statement because of rows.
func dataError(err error) bool {
	code := pgsql.SQLState(err)
	return strings.HasPrefix(code, "23") || strings.HasPrefix(code, "22")
}

// rowsOf is the content of a table: the number of rows, and the values of each column in the order of k.
type rowsOf struct {
	n       int
	columns map[string]string
}

func readRows(t *testing.T, s *state.State) map[string]rowsOf {
	t.Helper()
	rows, err := s.Conn().Query(t.Context(), `
SELECT format('%I.%I', n.nspname, c.relname), array_agg(quote_ident(a.attname) ORDER BY a.attnum) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r' AND n.nspname IN ('public', 'Other') GROUP BY 1`)
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

// newName returns the names of a table and its column after the plan's rename.
func (p *randomPair) newName(table, column string) (string, string) {
	r := p.rename
	switch {
	case r == nil:
	case r.Kind == "table" && table == pgsql.QualifiedIdent(r.Schema, r.Old):
		return pgsql.QualifiedIdent(r.NewSchema, r.New), column
	case r.Kind == "column" && table == pgsql.QualifiedIdent(r.Schema, r.Of) && column == pgsql.Ident(r.Old):
		return table, pgsql.Ident(r.New)
	}
	return table, column
}

// loses reports whether the plan drops a column, whose values are not restored. The table's name is that after the
// plan's rename.
func (w *proposal) loses(table, column string) bool {
	return slices.ContainsFunc(w.files, func(f File) bool { return slices.Contains(f.Losses, "column "+table+"."+column) })
}
