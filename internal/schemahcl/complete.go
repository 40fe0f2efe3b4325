package schemahcl

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Complete adds to r what HCL can express and the engine's inspection misses: the exact types and defaults of columns,
// the collations of columns and indexes, checks that read no column, and which columns are serial, which the engine
// guesses from the names of their sequences. It removes what the engine misreads: exclusion constraints, tables that
// inherit, typed tables, PostgreSQL's own copies of foreign keys to partitioned tables, and foreign keys to tables that
// are not in r. serial contains the serial columns as schema.table.column, quoted where needed. q prints as
// [catalog.Printing] does.
func Complete(ctx context.Context, q schema.ExecQuerier, r *schema.Realm, serial map[string]bool) error {
	if err := completeColumns(ctx, q, r, serial); err != nil {
		return err
	}
	nullColumns(r)
	rows, err := q.QueryContext(ctx, `
		SELECT 'exclusion' AS what, n.nspname, c.relname, k.conname, '' AS value, 0 AS place
		FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE k.contype = 'x'
		UNION ALL
		SELECT 'child', n.nspname, c.relname, '', '', 0
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
			AND (c.reloftype <> 0 OR EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid))
		UNION ALL
		SELECT 'copied key', n.nspname, c.relname, k.conname, '', 0
		FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_catalog.pg_constraint p ON p.oid = k.conparentid AND p.conrelid = k.conrelid WHERE k.contype = 'f'
		UNION ALL
		SELECT 'check', n.nspname, c.relname, k.conname, pg_catalog.pg_get_expr(k.conbin, k.conrelid), 0
		FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE k.contype = 'c' AND NOT EXISTS (
			SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey))
		UNION ALL
		SELECT 'index', n.nspname, c.relname, ic.relname,
			concat(quote_ident(a.attname), ' COLLATE ',
				CASE WHEN cn.nspname <> 'pg_catalog' THEN quote_ident(cn.nspname) || '.' END, quote_ident(co.collname)), k.place
		FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid AND c.relkind IN ('r', 'p')
		JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indcollation::oid[]) WITH ORDINALITY k(num, coll, place)
		JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num AND k.num > 0
		JOIN pg_catalog.pg_collation co ON co.oid = k.coll JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
		WHERE k.coll <> 0 AND k.coll <> a.attcollation AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var what, ns, table, name, value string
		var place int
		if err := rows.Scan(&what, &ns, &table, &name, &value, &place); err != nil {
			return err
		}
		s, ok := r.Schema(ns)
		if !ok {
			continue
		}
		if what == "child" {
			s.Tables = slices.DeleteFunc(s.Tables, func(t *schema.Table) bool { return t.Name == table })
			continue
		}
		t, ok := s.Table(table)
		if !ok {
			continue
		}
		switch what {
		case "exclusion":
			t.Indexes = slices.DeleteFunc(t.Indexes, func(i *schema.Index) bool { return i.Name == name })
			for _, c := range t.Columns {
				c.Indexes = slices.DeleteFunc(c.Indexes, func(i *schema.Index) bool { return i.Name == name })
			}
		case "copied key":
			dropKeys(t, func(k *schema.ForeignKey) bool { return k.Symbol == name })
		case "check":
			t.AddAttrs(&schema.Check{Name: name, Expr: value})
		case "index":
			if i, ok := t.Index(name); ok && place <= len(i.Parts) {
				i.Parts[place-1].C, i.Parts[place-1].X = nil, &schema.RawExpr{X: value}
			}
		}
	}
	for _, s := range r.Schemas {
		for _, t := range s.Tables {
			dropKeys(t, func(k *schema.ForeignKey) bool {
				s, ok := r.Schema(k.RefTable.Schema.Name)
				if ok {
					_, ok = s.Table(k.RefTable.Name)
				}
				return !ok
			})
		}
	}
	return rows.Err()
}

// dropKeys removes the foreign keys of t for which drop returns true.
func dropKeys(t *schema.Table, drop func(*schema.ForeignKey) bool) {
	t.ForeignKeys = slices.DeleteFunc(t.ForeignKeys, drop)
	for _, c := range t.Columns {
		c.ForeignKeys = slices.DeleteFunc(c.ForeignKeys, drop)
	}
}

// completeColumns sets the types and defaults of all columns to what PostgreSQL prints.
func completeColumns(ctx context.Context, q schema.ExecQuerier, r *schema.Realm, serial map[string]bool) error {
	rows, err := q.QueryContext(ctx, `
		SELECT n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.format_type(a.atttypid, -1),
			COALESCE((
				SELECT concat(' COLLATE ', CASE WHEN cn.nspname <> 'pg_catalog' THEN quote_ident(cn.nspname) || '.' END, quote_ident(co.collname))
				FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
				WHERE co.oid = a.attcollation AND a.attcollation <> t.typcollation), ''),
			CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END
		FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
		LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attnum > 0 AND NOT a.attisdropped AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var ns, table, column, typ, constant, collation string
		var expr sql.NullString
		if err := rows.Scan(&ns, &table, &column, &typ, &constant, &collation, &expr); err != nil {
			return err
		}
		c := findColumn(r, ns, table, column)
		if c == nil {
			continue
		}
		// The type includes its collation. The engine would repeat it without its schema.
		c.Attrs = slices.DeleteFunc(c.Attrs, func(a schema.Attr) bool {
			_, ok := a.(*schema.Collation)
			return ok
		})
		if s, ok := c.Type.Type.(*postgres.SerialType); ok {
			c.Type.Type = s.IntegerType() // guessed from the default
		}
		integer, isInteger := c.Type.Type.(*schema.IntegerType)
		switch {
		case isInteger && serial[pgsql.QualifiedIdent(ns, table)+"."+pgsql.Ident(column)]:
			s := &postgres.SerialType{}
			s.SetType(integer)
			c.Type.Type, c.Type.Raw, c.Default = s, s.T, nil
			continue
		case collation != "" || !prints(c.Type.Type, typ):
			c.Type.Type = &postgres.UserDefinedType{T: typ + collation}
		}
		c.Type.Raw, c.Default = typ+collation, nil
		if expr.Valid {
			c.Default = &schema.RawExpr{X: defaultSQL(c.Type.Type, constant, expr.String)}
		}
	}
	return rows.Err()
}

// nullColumns restores index parts that are a column named null, which the engine takes for an expression.
func nullColumns(r *schema.Realm) {
	for _, s := range r.Schemas {
		for _, t := range s.Tables {
			for _, i := range t.Indexes {
				for _, p := range i.Parts {
					if x, ok := p.X.(*schema.RawExpr); ok && strings.EqualFold(x.X, `"null"`) {
						if c, ok := t.Column(pgsql.Unquote(x.X)); ok {
							p.C, p.X = c, nil
						}
					}
				}
			}
		}
	}
}

func findColumn(r *schema.Realm, ns, table, column string) *schema.Column {
	s, ok := r.Schema(ns)
	if !ok {
		return nil
	}
	t, ok := s.Table(table)
	if !ok {
		return nil
	}
	c, _ := t.Column(column)
	return c
}

// prints reports whether PostgreSQL prints the engine's type as typ. If it doesn't, the engine has lost a part of the
// type.
func prints(t schema.Type, typ string) bool {
	if e, ok := t.(*schema.EnumType); ok {
		return e.Schema != nil && pgsql.QualifiedIdent(e.Schema.Name, e.T) == typ
	}
	text, err := postgres.FormatType(t)
	if err != nil {
		return false
	}
	name, precision, _ := strings.Cut(text, "(")
	if precision != "" {
		precision = "(" + precision
	}
	switch name {
	case "time", "timestamp":
		text = name + precision + " without time zone"
	case "timetz", "timestamptz":
		text = strings.TrimSuffix(name, "tz") + precision + " with time zone"
	case "numeric":
		if precision != "" && !strings.Contains(precision, ",") {
			text = strings.TrimSuffix(text, ")") + ",0)"
		}
	case "bit":
		if precision == "" {
			text += "(1)"
		}
	}
	return text == typ
}
