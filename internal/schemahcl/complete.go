package schemahcl

import (
	"context"
	"slices"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Complete adds to r what HCL can express and the engine's inspection misses: the collations of columns and indexes,
// and which columns are serial, which the engine guesses from the names of their sequences. It removes what the engine
// misreads: exclusion constraints, tables that inherit and typed tables. serial contains the serial columns as
// schema.table.column, quoted where needed.
func Complete(ctx context.Context, q schema.ExecQuerier, r *schema.Realm, serial map[string]bool) error {
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
		SELECT 'nextval', n.nspname, c.relname, a.attname, pg_catalog.pg_get_expr(f.adbin, f.adrelid), 0
		FROM pg_catalog.pg_attrdef f JOIN pg_catalog.pg_class c ON c.oid = f.adrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_catalog.pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
			AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
		WHERE pg_catalog.pg_get_expr(f.adbin, f.adrelid) LIKE 'nextval(%'
		UNION ALL
		SELECT 'column', n.nspname, c.relname, a.attname,
			concat(pg_catalog.format_type(a.atttypid, a.atttypmod), ' COLLATE ',
				CASE WHEN cn.nspname <> 'pg_catalog' THEN quote_ident(cn.nspname) || '.' END, quote_ident(co.collname)), 0
		FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
		JOIN pg_catalog.pg_collation co ON co.oid = a.attcollation JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
		WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attcollation <> t.typcollation AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
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
	// Types include their collations. The engine would repeat them without their schemas.
	for _, s := range r.Schemas {
		for _, t := range s.Tables {
			for _, c := range t.Columns {
				c.Attrs = slices.DeleteFunc(c.Attrs, func(a schema.Attr) bool {
					_, ok := a.(*schema.Collation)
					return ok
				})
			}
		}
	}
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
		case "nextval":
			if c, ok := t.Column(name); ok {
				numbered(c, serial[pgsql.QualifiedIdent(ns, table)+"."+pgsql.Ident(name)], value)
			}
		case "column":
			if c, ok := t.Column(name); ok {
				c.Type.Type, c.Type.Raw = &postgres.UserDefinedType{T: value}, value
			}
		case "index":
			if i, ok := t.Index(name); ok && place <= len(i.Parts) {
				i.Parts[place-1].C, i.Parts[place-1].X = nil, &schema.RawExpr{X: value}
			}
		}
	}
	return rows.Err()
}

// numbered makes a column whose default comes from a sequence a serial or an integer column.
func numbered(c *schema.Column, serial bool, expr string) {
	typ, isInteger := c.Type.Type.(*schema.IntegerType)
	if s, ok := c.Type.Type.(*postgres.SerialType); ok {
		typ, isInteger = s.IntegerType(), true
	}
	switch {
	case !isInteger:
	case serial:
		s := &postgres.SerialType{}
		s.SetType(typ)
		c.Type.Type, c.Type.Raw, c.Default = s, s.T, nil
	default:
		c.Type.Type, c.Type.Raw, c.Default = typ, typ.T, &schema.RawExpr{X: expr}
	}
}
