package batch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Querier is a connection or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// A Walk is a batch's way through its table in a database.
type Walk struct {
	*Batch
	OID  uint32  // of the table
	Rows float64 // as PostgreSQL estimates, in all partitions; negative if it has no estimate

	table  string   // its name with its schema
	key    []column // empty: by passes over the table's rows as they lie
	leaves bool     // whether the table is partitioned, and its partitions are walked one by one
}

type column struct {
	name, typ string // as SQL
	nullable  bool
	generated bool
	output    string // the function that writes the type as text
}

// odd is the condition that a statement which names partition p of c itself might do something else than one that names
// c: the policies, rules and triggers of p apply, and its columns may have another order.
const odd = `(pg_catalog.row_security_active(p.relid::pg_catalog.oid)
   OR EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class OPERATOR(pg_catalog.=) p.relid::pg_catalog.oid)
   OR EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=) p.relid::pg_catalog.oid AND NOT t.tgisinternal AND (t.tgtype OPERATOR(pg_catalog.&) 1::pg_catalog.int2) OPERATOR(pg_catalog.=) 0::pg_catalog.int2)
   OR (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname::pg_catalog.text), ',' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) p.relid::pg_catalog.oid AND a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2 AND NOT a.attisdropped) OPERATOR(pg_catalog.<>)
      (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname::pg_catalog.text), ',' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2 AND NOT a.attisdropped))`

// A RefusedError says why a statement can't run in batches in this database.
type RefusedError struct {
	Why     string
	Missing bool // the table doesn't exist
}

func (e *RefusedError) Error() string { return e.Why }

func refused(format string, args ...any) error {
	return &RefusedError{Why: fmt.Sprintf(format, args...)}
}

// Resolve finds the table and its key in the database. The names in the statement resolve as its session's search_path
// says. The error is a *RefusedError if the statement can't run in batches.
func (b *Batch) Resolve(ctx context.Context, q Querier) (*Walk, error) {
	w := &Walk{Batch: b}
	var kind string
	var rules, security, children, triggers, foreign, temporary, moves, apart bool
	assigned := append([]string{}, b.Assigned...) // not NULL
	err := q.QueryRow(ctx, `
SELECT c.oid, (SELECT pg_catalog.format('%I.%I', s.nspname, c.relname) FROM pg_catalog.pg_namespace s WHERE s.oid OPERATOR(pg_catalog.=) c.relnamespace), c.relkind::pg_catalog.text, pg_catalog.row_security_active(c.oid),
       EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class OPERATOR(pg_catalog.=) c.oid AND c.relkind OPERATOR(pg_catalog.<>) 'v'),
       EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent OPERATOR(pg_catalog.=) c.oid),
       EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=) c.oid AND NOT t.tgisinternal AND (t.tgtype OPERATOR(pg_catalog.&) 1::pg_catalog.int2) OPERATOR(pg_catalog.=) 0::pg_catalog.int2),
       l.foreign, l.rows, c.relpersistence OPERATOR(pg_catalog.=) 't',
       EXISTS (SELECT FROM pg_catalog.pg_partition_tree(c.oid) p JOIN pg_catalog.pg_partitioned_table k ON k.partrelid OPERATOR(pg_catalog.=) p.relid::pg_catalog.oid
                WHERE pg_catalog.cardinality($2::pg_catalog.text[]) OPERATOR(pg_catalog.>) 0 AND (k.partexprs IS NOT NULL OR EXISTS (
                      SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) k.partrelid AND a.attnum OPERATOR(pg_catalog.=) ANY (k.partattrs::pg_catalog.int2[])
                         AND a.attname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.text[])))),
       EXISTS (SELECT FROM pg_catalog.pg_partition_tree(c.oid) p WHERE p.isleaf AND `+odd+`)
  FROM pg_catalog.pg_class c, LATERAL (
       SELECT COALESCE(pg_catalog.bool_or(l.relkind OPERATOR(pg_catalog.=) 'f'), false) AS foreign,
              -- Before PostgreSQL 14, 0 rows in 0 pages mean that the table was never analyzed.
              COALESCE(CASE WHEN pg_catalog.bool_or(l.reltuples OPERATOR(pg_catalog.<) 0::pg_catalog.float4 OR l.relpages OPERATOR(pg_catalog.=) 0) THEN -1 ELSE pg_catalog.sum(l.reltuples) END, -1)::pg_catalog.float8 AS rows
         FROM pg_catalog.pg_class l WHERE l.relkind OPERATOR(pg_catalog.<>) 'p'
          AND (l.oid OPERATOR(pg_catalog.=) c.oid OR l.oid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT relid::pg_catalog.oid FROM pg_catalog.pg_partition_tree(c.oid))))) l
 WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1)`, b.Table.String(), assigned).
		Scan(&w.OID, &w.table, &kind, &security, &rules, &children, &triggers, &foreign, &w.Rows, &temporary, &moves, &apart)
	switch {
	case err == pgx.ErrNoRows:
		return nil, &RefusedError{Why: fmt.Sprintf("table %s doesn't exist", b.Table), Missing: true}
	case err != nil:
		return nil, fmt.Errorf("reading about table %s: %w", b.Table, err)
	case kind != "r" && kind != "p":
		return nil, refused("%s is not a table, so it has no rows to walk in batches", b.Table)
	case temporary:
		return nil, refused("%s is a temporary table, which a run that continues the batches would not find: change its rows in one statement", b.Table)
	case rules:
		return nil, refused("table %s has rules, which change what a statement means", b.Table)
	case security:
		return nil, refused("row security hides rows of table %s from this role: run as its owner, or as a role with BYPASSRLS", b.Table)
	case foreign:
		return nil, refused("%s has a partition that is a foreign table: change the rows of each partition in a statement of its own", b.Table)
	case kind == "p" && b.Only:
		return nil, refused("ONLY %s has no rows: it is partitioned", b.Table)
	case kind == "r" && children && !b.Only:
		return nil, refused("other tables inherit from %s: change the rows of each in a statement of its own, with ONLY", b.Table)
	}
	w.leaves = kind == "p" && !triggers && !b.qualified && !moves && !apart
	if err := w.aggregates(ctx, q); err != nil {
		return nil, err
	}
	return w, w.findKey(ctx, q, kind)
}

// aggregates refuses a SELECT with aggregates.
func (w *Walk) aggregates(ctx context.Context, q Querier) error {
	if len(w.calls) == 0 {
		return nil
	}
	// These are syntax since PostgreSQL 16.
	for _, name := range []string{"json_arrayagg", "json_objectagg"} {
		if slices.Contains(w.calls, name) {
			return refused("%s is an aggregate, which sees only the rows of a batch", name)
		}
	}
	var name *string
	err := q.QueryRow(ctx, "SELECT pg_catalog.min(proname::pg_catalog.text) FROM pg_catalog.pg_proc WHERE prokind OPERATOR(pg_catalog.=) 'a' AND proname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($1)", w.calls).Scan(&name)
	if err != nil {
		return fmt.Errorf("looking for aggregates: %w", err)
	}
	if name != nil {
		return refused("%s is an aggregate, which sees only the rows of a batch", *name)
	}
	return nil
}

// an index that rows can be walked along
type index struct {
	Name    string
	Columns []string
	Unique  bool // and without NULLs
	Primary bool
}

func (w *Walk) findKey(ctx context.Context, q Querier, kind string) error {
	rows, err := q.Query(ctx, `
SELECT a.attname::pg_catalog.text, pg_catalog.format_type(a.atttypid, a.atttypmod), NOT a.attnotnull OR EXISTS (SELECT FROM pg_catalog.pg_constraint n WHERE n.conrelid OPERATOR(pg_catalog.=) a.attrelid
         AND n.contype OPERATOR(pg_catalog.=) 'n' AND NOT n.convalidated AND n.conkey OPERATOR(pg_catalog.=) ARRAY[a.attnum]), a.attgenerated OPERATOR(pg_catalog.<>) '', p.proname::pg_catalog.text
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) t.typoutput::pg_catalog.oid
 WHERE a.attrelid OPERATOR(pg_catalog.=) $1 AND a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2 AND NOT a.attisdropped ORDER BY a.attnum`, w.OID)
	if err != nil {
		return fmt.Errorf("reading the columns of %s: %w", w.Table, err)
	}
	columns := map[string]column{}
	var name, typ, output string
	var nullable, generated bool
	if _, err := pgx.ForEachRow(rows, []any{&name, &typ, &nullable, &generated, &output}, func() error {
		columns[name] = column{pgsql.Ident(name), typ, nullable, generated, output}
		return nil
	}); err != nil {
		return fmt.Errorf("reading the columns of %s: %w", w.Table, err)
	}
	for _, name := range w.Key {
		if _, ok := columns[name]; !ok {
			return refused("table %s has no column %s, which the directive names as its key", w.Table, pgsql.Ident(name))
		}
	}
	// A btree with the default order of its columns' types, in one direction.
	rows, err = q.Query(ctx, `
SELECT c.relname::pg_catalog.text AS name,
       ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.generate_series(0, i.indnkeyatts OPERATOR(pg_catalog.-) 1) n
               JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid AND a.attnum OPERATOR(pg_catalog.=) i.indkey[n] ORDER BY n) AS columns,
       i.indisunique AND i.indimmediate AS unique, i.indisprimary AS primary
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
 WHERE i.indrelid OPERATOR(pg_catalog.=) $1 AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
   AND c.relam OPERATOR(pg_catalog.=) (SELECT oid FROM pg_catalog.pg_am WHERE amname OPERATOR(pg_catalog.=) 'btree')
   AND NOT EXISTS (SELECT FROM pg_catalog.generate_series(0, i.indnkeyatts OPERATOR(pg_catalog.-) 1) n
                     JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid AND a.attnum OPERATOR(pg_catalog.=) i.indkey[n]
                     JOIN pg_catalog.pg_opclass o ON o.oid OPERATOR(pg_catalog.=) i.indclass[n]
                    WHERE NOT o.opcdefault OR i.indcollation[n] OPERATOR(pg_catalog.<>) a.attcollation OR (i.indoption[n] OPERATOR(pg_catalog.&) 1::pg_catalog.int2) OPERATOR(pg_catalog.<>) (i.indoption[0] OPERATOR(pg_catalog.&) 1::pg_catalog.int2))
 ORDER BY i.indisprimary DESC, i.indnkeyatts, c.relname`, w.OID)
	if err != nil {
		return fmt.Errorf("reading the indexes of %s: %w", w.Table, err)
	}
	indexes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[index])
	if err != nil {
		return fmt.Errorf("reading the indexes of %s: %w", w.Table, err)
	}
	return w.chooseKey(columns, indexes, kind)
}

func (w *Walk) chooseKey(columns map[string]column, indexes []index, kind string) error {
	identifies := func(x index) bool {
		return x.Unique && !slices.ContainsFunc(x.Columns, func(c string) bool { return columns[c].nullable })
	}
	key, unfit := w.Key, ""
	if key != nil {
		if why := w.unfit(columns, key); why != "" {
			return refused("%s", why)
		}
		i := slices.IndexFunc(indexes, func(x index) bool { return len(x.Columns) >= len(key) && slices.Equal(x.Columns[:len(key)], key) })
		if i < 0 {
			return refused("no index of %s begins with the key (%s), so each batch would read the whole table: create one first, with CREATE INDEX CONCURRENTLY", w.Table, idents(key))
		}
	}
	for _, x := range indexes {
		if key != nil || !identifies(x) {
			continue
		}
		if why := w.unfit(columns, x.Columns); why != "" {
			unfit = cmp.Or(unfit, why)
			continue
		}
		key = x.Columns
	}
	for _, name := range key {
		w.key = append(w.key, columns[name])
	}
	switch why := "table " + w.Table.String() + " has no primary key, and no unique index on NOT NULL columns, for batches to follow"; {
	case key != nil || w.Excludes && !w.insert && kind != "p":
		return nil
	case unfit != "":
		return refused("%s", unfit)
	case w.insert:
		return refused("%s, and without one rows could be inserted twice: add one, or name an indexed column with \"by\"", why)
	case !w.Excludes:
		return refused("%s, and the statement might change a row again that it has changed: add a key, or exclude the changed rows, as in \"SET flaky = false WHERE flaky IS NULL\"", why)
	default:
		return refused("%s: add one, or change the rows of each partition in a statement of its own", why)
	}
}

// unfit says why batches can't follow a key, "" if they can.
func (w *Walk) unfit(columns map[string]column, key []string) string {
	for _, name := range key {
		switch c := columns[name]; {
		case slices.Contains(w.Assigned, name):
			return fmt.Sprintf("the statement sets column %s, which is part of the key that batches follow: rows would move ahead and be changed again", c.name)
		case c.generated && len(w.Assigned) > 0:
			return fmt.Sprintf("column %s of the key is generated, so the UPDATE may change it, and rows would move ahead and be changed again: name another key with \"by\"", c.name)
		case slices.Contains(inexact, c.output):
			return fmt.Sprintf("column %s of the key has the type %s, whose text depends on settings, and batches keep keys as text: name another key with \"by\"", c.name, c.typ)
		}
	}
	return ""
}

// inexact are the functions that write a value in a way that depends on settings, or that may not be read as the same
// value. A domain has that of its type.
var inexact = []string{"float4out", "float8out", "cash_out", "interval_out", "charout", "array_out", "range_out", "multirange_out", "record_out",
	"regclassout", "regcollationout", "regconfigout", "regdictionaryout", "regnamespaceout", "regoperatorout", "regoperout", "regprocedureout", "regprocout", "regroleout", "regtypeout"}

// Exact reports whether batches may follow a column of a built-in type, as PostgreSQL prints it. Of the types that
// users define, only Resolve knows.
func Exact(typ string) bool {
	switch name, _, _ := strings.Cut(typ, "("); name {
	case "real", "double precision", "money", `"char"`, "record":
		return false
	default:
		return !strings.HasPrefix(name, "interval") && !strings.HasPrefix(name, "reg") && !strings.HasSuffix(typ, "]") && !strings.HasSuffix(name, "range")
	}
}

func idents(names []string) string {
	var list []string
	for _, n := range names {
		list = append(list, pgsql.Ident(n))
	}
	return strings.Join(list, ", ")
}
