package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/syscat"
)

// A Reader reads the catalog of one database repeatedly. Each read after the first costs about what has changed since
// the read before. It prepares statements and keeps settings in its session, so it needs its own connection.
type Reader struct {
	conn    *pgx.Conn
	opts    Options
	queries []query
	mark    *syscat.Mark
	*assembly
	units map[string]*unit
	of    map[string]string // the unit of an object, by class:oid
	now   Catalog
}

// A unit is the rows that are read together: those of a relation and its parts, named 1259:OID; those of another
// object, named q and class:OID; or those of a query, named by its number.
type unit struct {
	rows  []row
	lines []string
}

// NewReader returns a reader for a new connection, which it configures.
func NewReader(ctx context.Context, conn *pgx.Conn, opts Options) (*Reader, error) {
	// Planning the queries takes longer than running them.
	const generic = "SET plan_cache_mode = force_generic_plan;"
	_, err := conn.Exec(ctx, strings.ReplaceAll(session, "SET LOCAL", "SET")+generic, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return nil, fmt.Errorf("reading the catalog: %w", err)
	}
	return &Reader{conn: conn, opts: opts}, nil
}

// Reconnect continues with a new connection to the same database or to a copy of it.
func (r *Reader) Reconnect(ctx context.Context, conn *pgx.Conn) error {
	next, err := NewReader(ctx, conn, r.opts)
	if err == nil {
		r.conn = next.conn
	}
	return err
}

// The queries about relations, by their position in relations.sql, and the others that can be read again alone.
const (
	membersQuery = iota
	tablesQuery
	columnsQuery
	constraintsQuery
	indexesQuery
	sequencesQuery
	triggersQuery
	rulesQuery
	policiesQuery
	statisticsQuery
	commentsQuery
	schemasQuery
	extensionsQuery
	dependenciesQuery
	functionsQuery
	aggregatesQuery
	typesQuery
	attributesQuery
	domainConstraintsQuery
)

// Read returns the current catalog, like [Read].
func (r *Reader) Read(ctx context.Context) (Catalog, error) {
	if r.mark == nil {
		return r.readAll(ctx)
	}
	mark, changes, err := r.mark.Look(ctx, r.conn)
	if err != nil {
		return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
	}
	if changes.Any {
		p, err := r.part(ctx, changes)
		if err != nil {
			return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
		}
		if p == nil {
			return r.readAll(ctx)
		}
		same, err := r.readPart(ctx, p)
		if err != nil {
			return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
		}
		if !same {
			return r.readAll(ctx)
		}
	}
	r.mark = mark
	return r.now, nil
}

func (r *Reader) readAll(ctx context.Context) (Catalog, error) {
	ex, err := parseExclude(r.opts.Exclude)
	if err != nil {
		return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
	}
	ex.record = r.opts.record()
	major, err := majorVersion(r.conn.PgConn())
	if err != nil {
		return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
	}
	r.queries = queries(major, ex.needsColumns())
	r.assembly, r.units, r.of = newAssembly(major, ex), make(map[string]*unit), make(map[string]string)
	mark, err := syscat.First(ctx, r.conn) // before the queries, so that no change is missed
	if err != nil {
		return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
	}
	b := &pgx.Batch{}
	for i, q := range r.queries {
		b.Queue(q.sql).Query(func(rows pgx.Rows) error { return r.collect(i, rows) })
	}
	if err := r.conn.SendBatch(ctx, b).Close(); err != nil {
		r.mark = nil
		return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
	}
	var lines []string
	for _, u := range r.units {
		u.lines = r.lines(u.rows)
		lines = append(lines, u.lines...)
	}
	r.mark, r.now = mark, newCatalog(lines)
	return r.now, nil
}

// collect adds the rows of a query to their units.
func (r *Reader) collect(query int, rows pgx.Rows) error {
	defer rows.Close()
	for rows.Next() {
		v := rows.RawValues()
		if err := r.scan(v); err != nil {
			return err
		}
		for _, row := range r.rows {
			var name string
			switch {
			case query == tablesQuery || query == sequencesQuery:
				name = row.object()
			case query < commentsQuery:
				name = row.parent
			case restricted[query] != "":
				name = "q" + row.object()
			default:
				name = strconv.Itoa(query)
			}
			u := r.units[name]
			if u == nil {
				u = &unit{}
				r.units[name] = u
			}
			u.rows = append(u.rows, row)
			r.of[row.object()] = name
		}
		r.rows = r.rows[:0]
	}
	return rows.Err()
}

// restricted are the queries about objects other than relations that can be restricted, by the column with the OID.
var restricted = map[int]string{
	functionsQuery: "p.oid", aggregatesQuery: "p.oid", typesQuery: "t.oid", attributesQuery: "c.oid", domainConstraintsQuery: "k.oid",
}

// objectCatalogs are the catalogs of these OIDs.
var objectCatalogs = map[int]syscat.Catalog{
	functionsQuery: syscat.Proc, aggregatesQuery: syscat.Proc, typesQuery: syscat.Type, attributesQuery: syscat.Class, domainConstraintsQuery: syscat.Constraint,
}

// A part is what to read again.
type part struct {
	relations []uint32
	objects   map[int][]uint32 // by restricted query
	queries   []int
	gone      []string // units
}

// The classes of objects.
var classes = map[syscat.Catalog]string{
	syscat.Class: "1259", syscat.Constraint: "2606", syscat.Trigger: "2620", syscat.Policy: "3256", syscat.Rewrite: "2618", syscat.Proc: "1255", syscat.Type: "1247",
}

func key(catalog syscat.Catalog, oid uint32) string {
	return classes[catalog] + ":" + strconv.FormatUint(uint64(oid), 10)
}

// relation returns the OID of a unit that is a relation.
func relation(unit string) (oid uint32, ok bool) {
	number, ok := strings.CutPrefix(unit, "1259:")
	n, err := strconv.ParseUint(number, 10, 32)
	return uint32(n), ok && err == nil
}

// part returns what to read again. It returns nil, for everything, if objects whose names appear in other definitions
// may have been renamed, or if a catalog changed that few migrations touch.
func (r *Reader) part(ctx context.Context, c syscat.Changes) (*part, error) {
	rows := &c.Rows
	for _, named := range []syscat.Catalog{syscat.Type, syscat.Enum, syscat.Namespace, syscat.Trigger, syscat.Extension} {
		if len(rows[named].Updated) > 0 {
			return nil, nil
		}
	}
	if c.Other || len(rows[syscat.Extension].New)+len(rows[syscat.Extension].Gone)+len(rows[syscat.Enum].Gone) > 0 ||
		rows[syscat.Inherits].Fewer || len(r.opts.Exclude) > 0 { // a new name may be excluded, or an old one no more
		return nil, nil
	}
	fresh := make(map[uint32]bool)
	for _, oid := range rows[syscat.Class].New {
		fresh[oid] = true
	}
	touched := make(map[uint32]bool)
	for catalog := range syscat.Proc {
		for _, oid := range rows[catalog].Relations {
			name := key(syscat.Class, oid)
			_, ok := relation(r.of[name])
			switch {
			case oid == 0 || r.drop[name]: // a domain's constraint, or excluded
			case !ok && !fresh[oid]: // part of a composite type, or of a TOAST table
				return nil, nil
			default:
				touched[oid] = true
			}
		}
	}
	functions := slices.Concat(rows[syscat.Proc].New, rows[syscat.Proc].Updated)
	p := &part{objects: map[int][]uint32{
		functionsQuery: functions, aggregatesQuery: functions, attributesQuery: rows[syscat.Class].New,
		typesQuery:             slices.Concat(rows[syscat.Type].New, rows[syscat.Enum].Relations),
		domainConstraintsQuery: slices.Concat(rows[syscat.Constraint].New, rows[syscat.Constraint].Updated),
	}}
	for catalog := range classes {
		for _, oid := range rows[catalog].Gone {
			name := r.of[key(catalog, oid)]
			if table, ok := relation(name); ok && name != key(catalog, oid) {
				touched[table] = true
			} else if name != "" {
				p.gone = append(p.gone, name)
			}
		}
	}
	if n := rows[syscat.Namespace]; n.Changed || len(n.Gone) > 0 {
		p.queries = append(p.queries, schemasQuery)
	}
	if d := rows[syscat.Description]; d.Changed || d.Fewer {
		p.queries = append(p.queries, commentsQuery)
	}
	if len(touched) == 0 {
		return p, nil
	}
	// The tables of indexes, and those of the sequences that columns own. Also views, rules and policies that read the
	// relations: they list the names of columns that they don't use where a list of aliases needs them.
	found, err := r.conn.Query(ctx, `
SELECT oid FROM unnest($1::oid[]) AS oid
UNION SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = ANY ($1::oid[])
UNION SELECT d.refobjid FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = ANY ($1::oid[]) AND d.objsubid = 0
  AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
UNION SELECT r.ev_class FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
  WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($1::oid[])
UNION SELECT p.polrelid FROM pg_depend d JOIN pg_policy p ON p.oid = d.objid
  WHERE d.classid = 'pg_policy'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($1::oid[])`, slices.Sorted(maps.Keys(touched)))
	if err != nil {
		return nil, err
	}
	if p.relations, err = pgx.CollectRows(found, pgx.RowTo[uint32]); err != nil {
		return nil, err
	}
	// Functions with a parsed body read relations, and views read functions that return their rows.
	var uses bool
	err = r.conn.QueryRow(ctx, `
SELECT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND (
  d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($1::oid[]) OR
  d.refclassid = 'pg_type'::regclass AND d.refobjid = ANY (ARRAY(SELECT c.reltype FROM pg_class c WHERE c.oid = ANY ($1::oid[]) AND c.reltype <> 0))))`,
		p.relations).Scan(&uses)
	if uses {
		return nil, err
	}
	return p, err
}

// readPart reads a part again. It reports whether no object was renamed, because others may print the name.
func (r *Reader) readPart(ctx context.Context, p *part) (same bool, err error) {
	before := make(map[string]*unit) // that are read again
	take := func(name string) {
		if u := r.units[name]; u != nil && before[name] == nil {
			before[name] = u
			delete(r.units, name)
		}
	}
	again := make(map[string]bool)
	for _, oid := range p.relations {
		take(key(syscat.Class, oid))
		again[key(syscat.Class, oid)] = true
	}
	for i, oids := range p.objects {
		for _, oid := range oids {
			name := "q" + key(objectCatalogs[i], oid)
			take(name)
			again[name] = true
		}
	}
	for _, name := range p.gone {
		take(name)
	}
	comments := r.comments
	b := &pgx.Batch{}
	if len(p.relations) > 0 {
		for i := tablesQuery; i < commentsQuery; i++ {
			b.Queue(r.queries[i].sql+" AND c.oid = ANY ($1)", p.relations).Query(func(rows pgx.Rows) error { return r.collect(i, rows) })
		}
	}
	for i, oids := range p.objects {
		if len(oids) > 0 {
			b.Queue(r.queries[i].sql+" AND "+restricted[i]+" = ANY ($1)", oids).Query(func(rows pgx.Rows) error { return r.collect(i, rows) })
		}
	}
	for _, i := range p.queries {
		if i == commentsQuery {
			r.comments = make(map[string]string)
		}
		take(strconv.Itoa(i))
		b.Queue(r.queries[i].sql).Query(func(rows pgx.Rows) error { return r.collect(i, rows) })
	}
	if err := r.conn.SendBatch(ctx, b).Close(); err != nil {
		r.mark = nil
		return false, err
	}
	for name, b := range before {
		again[name] = true
		if u := r.units[name]; u != nil && renamed(b.rows, u.rows) {
			return false, nil
		}
	}
	for _, i := range p.queries {
		again[strconv.Itoa(i)] = true
	}
	for of := range commented(comments, r.comments) {
		if name := r.of[object(of)]; name != "" {
			again[name] = true
		}
	}
	var out, in []string
	for name := range again {
		b := before[name]
		if b == nil {
			b = r.units[name] // for its comments
		}
		if b != nil {
			out = append(out, b.lines...)
		}
		if u := r.units[name]; u != nil {
			u.lines = r.lines(u.rows)
			in = append(in, u.lines...)
		}
	}
	r.now = r.now.replace(out, in)
	return true, nil
}

// renamed reports whether an object has another name.
func renamed(before, after []row) bool {
	names := make(map[string]string, len(before))
	for _, b := range before {
		names[b.key] = b.name
	}
	return slices.ContainsFunc(after, func(a row) bool {
		name, ok := names[a.key]
		return ok && name != a.name
	})
}

// commented returns the keys of the objects whose comments differ.
func commented(before, after map[string]string) map[string]bool {
	keys := make(map[string]bool)
	for key, text := range before {
		if a, ok := after[key]; !ok || a != text {
			keys[key] = true
		}
	}
	for key := range after {
		if _, ok := before[key]; !ok {
			keys[key] = true
		}
	}
	return keys
}

// replace returns the catalog with lines removed and others added.
func (c Catalog) replace(out, in []string) Catalog {
	slices.Sort(out)
	in = slices.Compact(slices.Sorted(slices.Values(in)))
	lines := make([]string, 0, max(0, len(c.lines)+len(in)-len(out)))
	for _, line := range c.lines {
		for len(out) > 0 && out[0] < line {
			out = out[1:]
		}
		for len(in) > 0 && in[0] < line {
			lines, in = append(lines, in[0]), in[1:]
		}
		switch {
		case len(in) > 0 && in[0] == line:
			lines, in = append(lines, line), in[1:] // the catalogs share it
		case len(out) == 0 || out[0] != line:
			lines = append(lines, line)
		}
	}
	return Catalog{append(lines, in...)}
}
