package state

import (
	"context"
	"slices"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
)

// complete puts into r what HCL can say and the engine's inspection does not see: the
// collations of columns and indexes, and serial columns whose sequence has another name
// than PostgreSQL gave it. It takes out what the engine takes for something else: exclusion
// constraints, and tables that inherit from others.
func complete(ctx context.Context, q schema.ExecQuerier, r *schema.Realm) error {
	rows, err := q.QueryContext(ctx, `
		SELECT 'exclusion' AS what, n.nspname, c.relname, k.conname, '' AS value, 0 AS place
		FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE k.contype = 'x'
		UNION ALL
		SELECT 'child', n.nspname, c.relname, '', '', 0
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND NOT c.relispartition AND EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid)
		UNION ALL
		SELECT 'serial', n.nspname, c.relname, a.attname,
			CASE a.atttypid WHEN 'int2'::regtype THEN 'smallserial' WHEN 'int4'::regtype THEN 'serial' ELSE 'bigserial' END, 0
		FROM pg_catalog.pg_depend p JOIN pg_catalog.pg_sequence s ON s.seqrelid = p.objid JOIN pg_catalog.pg_class c ON c.oid = p.refobjid
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_catalog.pg_attribute a ON a.attrelid = p.refobjid AND a.attnum = p.refobjsubid AND a.attnotnull
			AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
		JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
		JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = f.oid
			AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = p.objid
		WHERE p.classid = 'pg_catalog.pg_class'::regclass AND p.refclassid = 'pg_catalog.pg_class'::regclass AND p.deptype = 'a'
			AND pg_catalog.pg_get_expr(f.adbin, f.adrelid) ~ '^nextval\(''[^'']*''::regclass\)$'
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
	// Types say their collations. The engine would write them again, without their schemas.
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
		case "serial":
			if c, ok := t.Column(name); ok {
				c.Type.Type, c.Type.Raw, c.Default = &postgres.SerialType{T: value}, value, nil
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
