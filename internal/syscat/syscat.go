// Package syscat finds what changed in a database's system catalogs between two reads, at a cost that hardly depends on
// their size.
//
// A row that is new or was updated has a newer xmin than any row of the look before, because PostgreSQL assigns the IDs
// of transactions and subtransactions in order. A deleted row shows first in the number of rows, then in the list of
// OIDs. In a transaction, PostgreSQL's counters tell which catalogs are worth reading. What PostgreSQL updates
// in place (statistics, and flags that are only hints) doesn't show.
package syscat

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/oidmap"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A Catalog is a system catalog.
type Catalog int

// The catalogs. Those of relations and their parts come first.
const (
	Class Catalog = iota
	Attribute
	Index
	Sequence
	Constraint
	Trigger
	Policy
	Rewrite
	Inherits
	Proc
	Type
	Enum
	Namespace
	Extension
	Description
	known
)

// catalogs are how each catalog is read.
var catalogs = [known]struct {
	name string
	// id is the OID that identifies a row. Without one, rows that are gone are only noticed in their number.
	id string
	// relation lists the columns, separated by spaces, with the OIDs of the relations, or of the enum, that a row
	// belongs to; "" if there are none.
	relation string
	// where excludes rows of initdb that can't change.
	where string
	// part means that a row is only added when the relation's row in pg_class is added or updated, and only deleted
	// with that row.
	part bool
}{
	Class:       {"pg_class", "oid", "oid", "oid >= 16384", false},
	Attribute:   {"pg_attribute", "", "attrelid", "attrelid >= 16384", true},
	Index:       {"pg_index", "", "indexrelid", "indexrelid >= 16384", true},
	Sequence:    {"pg_sequence", "", "seqrelid", "true", true},
	Constraint:  {"pg_constraint", "oid", "conrelid", "oid >= 16384", false},
	Trigger:     {"pg_trigger", "oid", "tgrelid", "true", false},
	Policy:      {"pg_policy", "oid", "polrelid", "true", false},
	Rewrite:     {"pg_rewrite", "oid", "ev_class", "oid >= 16384", false},
	Inherits:    {"pg_inherits", "", "inhrelid inhparent", "true", false},
	Proc:        {"pg_proc", "oid", "", "oid >= 16384", false},
	Type:        {"pg_type", "oid", "", "oid >= 16384", false},
	Enum:        {"pg_enum", "oid", "enumtypid", "true", false},
	Namespace:   {"pg_namespace", "oid", "", "true", false},
	Extension:   {"pg_extension", "oid", "", "true", false},
	Description: {"pg_description", "", "", "objoid >= 16384 OR objoid = ANY (ARRAY(SELECT oid FROM pg_namespace) || ARRAY(SELECT oid FROM pg_extension))", false},
}

// others are the catalogs of what few migrations make.
var others = []struct {
	name, where string // where excludes rows of initdb
	// counted is the catalog whose counters count; name if it is "".
	counted string
	// newest is an expression that changes when a row does; "" for the greatest xmin.
	newest string
	since  int // PostgreSQL's major version
}{
	{name: "pg_aggregate", where: "aggfnoid >= 16384"},
	{name: "pg_am", where: "oid >= 16384"},
	{name: "pg_amop", where: "oid >= 16384"},
	{name: "pg_amproc", where: "oid >= 16384"},
	{name: "pg_cast", where: "oid >= 16384"},
	{name: "pg_collation", where: "oid >= 16384"},
	{name: "pg_conversion", where: "oid >= 16384"},
	{name: "pg_depend", where: "refclassid = 'pg_extension'::regclass"},
	{name: "pg_event_trigger", where: "true"},
	{name: "pg_foreign_data_wrapper", where: "true"},
	{name: "pg_foreign_server", where: "true"},
	{name: "pg_foreign_table", where: "true"},
	{name: "pg_language", where: "oid >= 16384"},
	{name: "pg_opclass", where: "oid >= 16384"},
	{name: "pg_operator", where: "oid >= 16384"},
	{name: "pg_opfamily", where: "oid >= 16384"},
	{name: "pg_publication", where: "true"},
	{name: "pg_publication_namespace", where: "true", since: 15},
	{name: "pg_publication_rel", where: "true"},
	{name: "pg_range", where: "rngtypid >= 16384"},
	{name: "pg_statistic_ext", where: "true"},
	{name: "pg_transform", where: "true"},
	{name: "pg_ts_config", where: "oid >= 16384"},
	{name: "pg_ts_config_map", where: "mapcfg >= 16384"},
	{name: "pg_ts_dict", where: "oid >= 16384"},
	{name: "pg_ts_parser", where: "oid >= 16384"},
	{name: "pg_ts_template", where: "oid >= 16384"},
	// Shared by all databases, whose changes must not move the greatest xmin.
	{name: "pg_roles", where: "true", counted: "pg_authid", newest: "sum(hashtext(concat_ws(' ', oid, rolname)))"},
	{name: "pg_tablespace", where: "true", newest: "sum(hashtext(concat_ws(' ', oid, spcname)))"},
	// Users can't read all columns of these.
	{name: "pg_user_mappings", where: "true", counted: "pg_user_mapping", newest: "sum(hashtext(concat_ws(' ', umid, srvid, umuser)))"},
	{
		name: "pg_subscription", where: "subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())", since: 14,
		newest: "sum(hashtext(concat_ws(' ', oid, subname, subenabled, subpublications, subslotname, subsynccommit)))",
	},
}

// A Mark is what a look saw. It is immutable: after a rollback, the mark from before is the right one again.
type Mark struct {
	newest int64 // the greatest xmin
	// floor is the greatest xmin before the transaction. What the transaction does when it commits has its own ID,
	// which is less than those of its savepoints.
	floor    int64
	ids      [known]oidmap.Map[bool]
	buckets  [known]oidmap.Map[int] // how many of the ids are in each bucket, by the bucket's number plus 1
	rows     [known]int64           // of catalogs without an id
	others   []summary
	counters []counter // in a transaction; otherwise nil
}

// A summary changes whenever a catalog of others does.
type summary struct{ Rows, Newest int64 }

// A counter counts what the transaction has done to a catalog, also what was rolled back to a savepoint.
type counter struct{ Inserted, Updated, Deleted int64 }

// A bucket is a range of OIDs. To find deleted rows among thousands, PostgreSQL counts those in each bucket, and only
// the OIDs in a bucket that has fewer than before are read.
const bucketBits = 8

func bucket(oid uint32) uint32 { return oid>>bucketBits + 1 }

// put records whether a row exists.
func (m *Mark) put(c Catalog, id uint32, exists bool) {
	if m.ids[c].Get(id) == exists {
		return
	}
	m.ids[c].Set(id, exists)
	n := m.buckets[c].Get(bucket(id))
	if exists {
		m.buckets[c].Set(bucket(id), n+1)
	} else {
		m.buckets[c].Set(bucket(id), n-1)
	}
}

// Any reports whether a catalog has rows that initdb didn't make. It must be one with OIDs.
func (m *Mark) Any(c Catalog) bool { return m.ids[c].Len() > 0 }

// Changes are what changed between two looks.
type Changes struct {
	// Any means that there are changes.
	Any  bool
	Rows [known]Rows
	// Other means that catalogs changed for which there are no Rows.
	Other bool
}

// Rows are what changed in a catalog.
type Rows struct {
	Changed            bool     // rows are new or updated
	New, Updated, Gone []uint32 // OIDs; empty for a catalog whose rows have none
	// Relations are the relations, or for Enum the types, that new and updated rows belong to.
	Relations []uint32
	// Fewer means that rows are gone, those of Gone or some without an OID.
	Fewer bool
}

// First reads everything. The session's search_path must find the system's catalogs first, here and below.
func First(ctx context.Context, conn *pgx.Conn) (*Mark, error) {
	m, _, err := (&Mark{others: make([]summary, len(others))}).read(ctx, conn, nil)
	return m, err
}

// Begin returns the mark for looks in a transaction that has just begun, which cost less.
func (m *Mark) Begin(ctx context.Context, conn *pgx.Conn) (*Mark, error) {
	next := *m
	next.floor = m.newest
	var err error
	next.counters, err = count(ctx, conn)
	return &next, err
}

// Look returns what changed since m, and the mark for the next look.
func (m *Mark) Look(ctx context.Context, conn *pgx.Conn) (*Mark, Changes, error) {
	if conn.PgConn().TxStatus() == 'I' || m.counters == nil {
		return m.read(ctx, conn, nil)
	}
	now, err := count(ctx, conn)
	if err != nil {
		return nil, Changes{}, err
	}
	return m.read(ctx, conn, now)
}

// count reads the transaction's counters of the catalogs, in order. It returns nil if track_counts is off.
func count(ctx context.Context, conn *pgx.Conn) ([]counter, error) {
	var names []string
	for _, c := range catalogs {
		names = append(names, "pg_catalog."+c.name)
	}
	for _, o := range others {
		if o.since > version(conn) {
			o.name = "pg_class" // to keep its place
		}
		names = append(names, "pg_catalog."+cmp.Or(o.counted, o.name))
	}
	rows, err := conn.Query(ctx, `
SELECT pg_stat_get_xact_tuples_inserted(c.oid), pg_stat_get_xact_tuples_updated(c.oid), pg_stat_get_xact_tuples_deleted(c.oid)
FROM unnest($1::text[]::regclass[]) WITH ORDINALITY AS c (oid, n)
WHERE current_setting('track_counts')::bool ORDER BY n`, names)
	if err != nil {
		return nil, fmt.Errorf("reading the catalogs' counters: %w", err)
	}
	counters, err := pgx.CollectRows(rows, pgx.RowToStructByPos[counter])
	if err != nil {
		return nil, fmt.Errorf("reading the catalogs' counters: %w", err)
	}
	if len(counters) == 0 {
		return nil, nil
	}
	return counters, nil
}

const newer = "coalesce(age(xmin) < (SELECT age(NULLIF($1, '0')::xid)), true)"

// sql returns the query for a catalog's changes. Its first column is the number of rows, or -1 unless total is set.
func (c Catalog) sql(total bool) string {
	d := catalogs[c]
	list := func(columns string) string {
		sql := "'{}'::oid[]"
		for _, column := range strings.Fields(columns) {
			sql += " || coalesce(array_agg(DISTINCT " + column + "), '{}')"
		}
		return sql
	}
	rows := "-1"
	if total {
		rows = fmt.Sprintf("(SELECT count(*) FROM %s WHERE %s)", d.name, d.where)
	}
	return fmt.Sprintf("SELECT %s, count(*), %s, %s, coalesce(max(xmin::text::bigint), 0) FROM %s WHERE (%s) AND %s",
		rows, list(d.id), list(d.relation), d.name, d.where, newer)
}

// read reads the catalogs that changed according to the counters, or all if now is nil.
func (m *Mark) read(ctx context.Context, conn *pgx.Conn, now []counter) (*Mark, Changes, error) {
	next := *m
	next.counters = now
	if conn.PgConn().TxStatus() == 'I' {
		next.floor = 0
	}
	var found Changes
	var fewer [known]oidmap.Map[int] // the buckets from which rows are gone
	b := &pgx.Batch{}
	newest := fmt.Sprint(m.newest)
	if conn.PgConn().TxStatus() == 'I' && m.floor != 0 {
		newest = fmt.Sprint(m.floor)
	}
	for c := range known {
		if now != nil && (now[c] == m.counters[c] || catalogs[c].part && now[c].Updated == m.counters[c].Updated) {
			continue
		}
		byID := catalogs[c].id != ""
		total := !catalogs[c].part && !byID
		b.Queue(c.sql(total), newest).QueryRow(func(row pgx.Row) error {
			var rows, changed, last int64
			var ids []uint32
			r := &found.Rows[c]
			if err := row.Scan(&rows, &changed, &ids, &r.Relations, &last); err != nil {
				return err
			}
			r.Changed = changed > 0
			next.newest = max(next.newest, last)
			for _, id := range ids {
				if m.ids[c].Get(id) {
					r.Updated = append(r.Updated, id)
					continue
				}
				r.New = append(r.New, id)
				next.put(c, id, true)
			}
			if total {
				r.Fewer = rows < m.rows[c]+changed
				next.rows[c] = rows
			}
			found.Any = found.Any || r.Changed || r.Fewer
			return nil
		})
		if byID && m.Any(c) && (now == nil || now[c].Deleted > m.counters[c].Deleted) {
			b.Queue(c.bucketsSQL()).Query(func(rows pgx.Rows) error {
				fewer[c] = next.buckets[c]
				var of uint32
				var n int
				_, err := pgx.ForEachRow(rows, []any{&of, &n}, func() error {
					if n == fewer[c].Get(of) {
						fewer[c].Set(of, 0)
					}
					return nil
				})
				return err
			})
		}
	}
	next.others = append([]summary{}, m.others...)
	for i, o := range others {
		if o.since > version(conn) || now != nil && now[int(known)+i] == m.counters[int(known)+i] {
			continue
		}
		b.Queue(fmt.Sprintf("SELECT count(*), coalesce(%s, 0) FROM %s WHERE %s", cmp.Or(o.newest, "max(xmin::text::bigint)"), o.name, o.where)).QueryRow(func(row pgx.Row) error {
			s := &next.others[i]
			if err := row.Scan(&s.Rows, &s.Newest); err != nil {
				return err
			}
			if *s != m.others[i] {
				found.Other, found.Any = true, true
			}
			if o.newest == "" {
				next.newest = max(next.newest, s.Newest)
			}
			return nil
		})
	}
	if b.Len() == 0 {
		return &next, found, nil
	}
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		return nil, Changes{}, fmt.Errorf("reading what changed in the catalogs: %w", err)
	}
	for c := range known {
		if fewer[c].Len() == 0 {
			continue
		}
		gone, err := next.forget(ctx, conn, c, fewer[c])
		if err != nil {
			return nil, Changes{}, fmt.Errorf("reading what is gone from the catalogs: %w", err)
		}
		found.Rows[c].Gone, found.Rows[c].Fewer, found.Any = gone, true, true
	}
	return &next, found, nil
}

// version returns the server's major version.
func version(conn *pgx.Conn) int {
	return pgsql.MajorVersion(conn.PgConn().ParameterStatus("server_version"))
}

// bucketsSQL returns the query for how many rows of a catalog are in each bucket.
func (c Catalog) bucketsSQL() string {
	d := catalogs[c]
	return fmt.Sprintf("SELECT (%s::bigint >> %d) + 1, count(*) FROM %s WHERE %s GROUP BY 1", d.id, bucketBits, d.name, d.where)
}

// forget finds the rows that are gone from buckets of a catalog.
func (m *Mark) forget(ctx context.Context, conn *pgx.Conn, c Catalog, buckets oidmap.Map[int]) (gone []uint32, err error) {
	d := catalogs[c]
	for n := range buckets.All() {
		first := (n - 1) << bucketBits
		last := first + (1<<bucketBits - 1)
		var live []uint32
		sql := fmt.Sprintf("SELECT coalesce(array_agg(%s), '{}') FROM %s WHERE %s BETWEEN $1 AND $2 AND (%s)", d.id, d.name, d.id, d.where)
		if err := conn.QueryRow(ctx, sql, first, last).Scan(&live); err != nil {
			return nil, err
		}
		for id := first; ; id++ {
			if m.ids[c].Get(id) && !slices.Contains(live, id) {
				gone = append(gone, id)
				m.put(c, id, false)
			}
			if id == last {
				break
			}
		}
	}
	return gone, nil
}
