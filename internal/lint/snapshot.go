package lint

import (
	"context"
	_ "embed" // the queries
	"fmt"
	"hash/fnv"
	"iter"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/oidmap"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/syscat"
)

// A snapshot is the contents of PostgreSQL's catalogs at one moment, without system objects. Objects are identified by
// OID, so that they remain the same when they are renamed. It is immutable, and shares what is equal with the snapshot
// that it was advanced from.
type snapshot struct {
	relations   oidmap.Map[*relation]
	constraints oidmap.Map[*constraint]
	unvalidated oidmap.Map[*notNull]
	indexes     oidmap.Map[*index]
	functions   oidmap.Map[*function]
	types       oidmap.Map[*typ]
	triggers    oidmap.Map[*trigger]
	policies    oidmap.Map[*policy]
	rules       oidmap.Map[*rule]
	extensions  oidmap.Map[*extension]
	schemas     oidmap.Map[string]
	mark        *syscat.Mark

	// The OIDs of relations, by the hash of their name and by the table that they are partitions of.
	byName, byParent oidmap.Map[*[]uint32]
	// newest is the greatest OID of the relations before the change.
	newest uint32

	path []string // the search path; nil for public

	// Of the session's transaction so far, by relation, without relations that the change created.
	locks oidmap.Map[locks]
	scans oidmap.Map[int64]
}

// The types below have the fields of the queries in snapshot.sql, in order.

type relation struct {
	OID            uint32
	Schema, Name   string
	Kind           string // pg_class.relkind
	Persistence    string
	FileNode       uint32
	Tablespace     uint32
	AccessMethod   uint32
	Parent         uint32 // of a partition
	RLS, ForceRLS  bool
	ReplicaIdent   string
	Options        []string
	OwnerTable     uint32 // of a sequence that a column owns
	OwnerColumn    int16
	OwnerKind      string // "a" for a serial column, "i" for an identity column
	PartitionBound string
	Owner          uint32
	Children       bool // whether it has partitions or inheriting tables
	ACL            []string

	columns map[int16]*column
}

type column struct {
	Table     uint32
	Num       int16
	Name      string
	Type      uint32
	TypeText  string // "character varying(20)"
	Typmod    int32
	NotNull   bool
	Default   string // or the expression of a generated column
	Identity  string
	Generated string
	Collation uint32
	TypeKind  string // pg_type.typtype
	Local     bool
	Len       int16  // pg_type.typlen
	Align     string // pg_type.typalign
}

type constraint struct {
	OID        uint32
	Name       string
	Kind       string // pg_constraint.contype
	Table      uint32 // 0 for a domain's
	Domain     uint32
	References uint32
	Validated  bool
	Columns    []int16
	RefColumns []int16
	Index      uint32
	Local      bool
	Parent     uint32 // the partitioned table's constraint
	Definition string
}

// A notNull is a constraint that is NOT NULL and NOT VALID.
type notNull struct {
	OID, Table uint32
	Column     int16
}

type index struct {
	OID, Table                 uint32
	Unique, Primary, Exclusion bool
	Valid                      bool
	Columns                    []int16 // 0 for an expression
	Keys                       int16
	Expression                 bool
	Predicate                  string
	Identity                   bool // whether it is the table's replica identity
}

type function struct {
	OID          uint32
	Schema, Name string
	Args         string
	Kind         string
	Version      string // changes with each replacement
	Result       string // its type; empty for a procedure
	ACL          []string
}

type typ struct {
	OID          uint32
	Schema, Name string
	Kind         string // pg_type.typtype
	NotNull      bool
	Base         uint32
	Array        uint32   // its array type
	Labels       []string // of an enum
	LabelOIDs    []uint32
	BaseText     string // of a domain
}

type trigger struct {
	OID      uint32
	Table    uint32
	Name     string
	Enabled  string
	Internal bool
	Parent   uint32
	Version  string // changes with each replacement
}

type policy struct {
	OID        uint32
	Table      uint32
	Name       string
	Permissive bool
}

type rule struct {
	OID   uint32
	Table uint32
	Name  string
}

type extension struct {
	OID           uint32
	Name, Version string
}

//go:embed snapshot.sql
var snapshotSQL string

// queries are the queries of snapshot.sql by the name in the comment above each.
var queries = sync.OnceValue(func() map[string]string {
	m := make(map[string]string)
	for _, part := range strings.Split(snapshotSQL, "-- ")[1:] {
		name, sql, _ := strings.Cut(part, "\n")
		m[name] = strings.TrimSpace(sql)
	}
	return m
})

// A part is one kind of objects in a snapshot.
type part struct {
	query, key string // the query of snapshot.sql, and its column with the OIDs that restrict it
	// read reads the query's rows. oids are those that it was restricted to.
	read func(r *reader, rows pgx.Rows, oids []uint32) error
}

// The parts, in the order in which they are read.
var parts = []part{
	{"relations", "c.oid", readRelations},
	{"columns", "a.attrelid", readColumns},
	{"constraints", "c.oid", into(func(s *snapshot) *oidmap.Map[*constraint] { return &s.constraints }, func(c *constraint) uint32 { return c.OID })},
	{"unvalidated", "c.oid", into(func(s *snapshot) *oidmap.Map[*notNull] { return &s.unvalidated }, func(n *notNull) uint32 { return n.OID })},
	{"indexes", "x.indexrelid", into(func(s *snapshot) *oidmap.Map[*index] { return &s.indexes }, func(x *index) uint32 { return x.OID })},
	{"functions", "p.oid", into(func(s *snapshot) *oidmap.Map[*function] { return &s.functions }, func(f *function) uint32 { return f.OID })},
	{"types", "t.oid", into(func(s *snapshot) *oidmap.Map[*typ] { return &s.types }, func(t *typ) uint32 { return t.OID })},
	{"triggers", "t.oid", into(func(s *snapshot) *oidmap.Map[*trigger] { return &s.triggers }, func(t *trigger) uint32 { return t.OID })},
	{"policies", "p.oid", into(func(s *snapshot) *oidmap.Map[*policy] { return &s.policies }, func(p *policy) uint32 { return p.OID })},
	{"rules", "r.oid", into(func(s *snapshot) *oidmap.Map[*rule] { return &s.rules }, func(r *rule) uint32 { return r.OID })},
	{"extensions", "e.oid", into(func(s *snapshot) *oidmap.Map[*extension] { return &s.extensions }, func(e *extension) uint32 { return e.OID })},
	{"schemas", "n.oid", readSchemas},
}

// A reader reads a snapshot, and shares what is equal with the one before.
type reader struct {
	*snapshot
	before    *snapshot
	relations []*relation // that were read
}

// into returns a function that replaces objects. An object that is equal to the one before stays the same pointer.
func into[T any](of func(*snapshot) *oidmap.Map[*T], oid func(*T) uint32) func(*reader, pgx.Rows, []uint32) error {
	return func(r *reader, rows pgx.Rows, oids []uint32) error {
		list, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[T])
		if err != nil {
			return err
		}
		replace(of(r.snapshot), of(r.before), list, oids, oid)
		return nil
	}
}

func replace[T any](m, before *oidmap.Map[*T], list []*T, oids []uint32, oid func(*T) uint32) {
	was := *before // which m may be
	for _, gone := range oids {
		m.Set(gone, nil)
	}
	for _, o := range list {
		if b := was.Get(oid(o)); b != nil && reflect.DeepEqual(b, o) {
			o = b
		}
		m.Set(oid(o), o)
	}
}

func readRelations(r *reader, rows pgx.Rows, _ []uint32) (err error) {
	r.relations, err = pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[relation])
	return err
}

// readColumns reads the columns of the relations that were just read.
func readColumns(r *reader, rows pgx.Rows, oids []uint32) error {
	list, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[column])
	if err != nil {
		return err
	}
	byOID := make(map[uint32]*relation)
	for _, rel := range r.relations {
		rel.columns = make(map[int16]*column)
		byOID[rel.OID] = rel
	}
	for _, c := range list {
		if rel := byOID[c.Table]; rel != nil {
			rel.columns[c.Num] = c
		}
	}
	replace(&r.snapshot.relations, &r.before.relations, r.relations, oids, func(r *relation) uint32 { return r.OID })
	return nil
}

func readSchemas(r *reader, rows pgx.Rows, oids []uint32) error {
	for _, gone := range oids {
		r.schemas.Set(gone, "")
	}
	var oid uint32
	var name string
	_, err := pgx.ForEachRow(rows, []any{&oid, &name}, func() error {
		r.schemas.Set(oid, name)
		return nil
	})
	return err
}

// readSnapshot reads everything. before is an earlier snapshot, or an empty one.
func readSnapshot(ctx context.Context, conn *pgx.Conn, before *snapshot) (*snapshot, error) {
	mark, err := syscat.First(ctx, conn)
	if err != nil {
		return nil, err
	}
	return before.readAll(ctx, conn, mark)
}

// readAll returns the current snapshot, for which the catalogs are read in full.
func (s *snapshot) readAll(ctx context.Context, conn *pgx.Conn, mark *syscat.Mark) (*snapshot, error) {
	next := &snapshot{mark: mark, newest: s.newest}
	if err := next.read(ctx, conn, s, nil); err != nil {
		return nil, err
	}
	return next, next.readSession(ctx, conn, true)
}

// read reads the objects whose OIDs only contains, by query, or everything if it is nil.
func (s *snapshot) read(ctx context.Context, conn *pgx.Conn, before *snapshot, only map[string][]uint32) error {
	r := &reader{snapshot: s, before: before}
	b := &pgx.Batch{}
	for _, p := range parts {
		oids := only[p.query]
		read := func(rows pgx.Rows) error { return p.read(r, rows, oids) }
		switch {
		case only == nil:
			b.Queue(queries()[p.query]).Query(read)
		case len(oids) > 0:
			b.Queue(restricted(p), slices.Compact(slices.Sorted(slices.Values(oids)))).Query(read)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("reading the catalogs: %w", err)
	}
	var listed oidmap.Map[*relation]
	if only != nil {
		listed = before.relations
	}
	for c := range oidmap.Changes(listed, s.relations) {
		if r := c.Before; r != nil {
			enlist(&s.byName, hash(r.Name), c.Key, false)
			enlist(&s.byParent, r.Parent, c.Key, false)
		}
		if r := c.After; r != nil {
			enlist(&s.byName, hash(r.Name), c.Key, true)
			enlist(&s.byParent, r.Parent, c.Key, true)
		}
	}
	return nil
}

func hash(name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return max(h.Sum32()&0xffff, 1) // small keys make a map small
}

// enlist adds an OID to a key's list, or removes it. The key 0 has no list.
func enlist(m *oidmap.Map[*[]uint32], key, oid uint32, add bool) {
	if key == 0 {
		return
	}
	var list []uint32
	if was := m.Get(key); was != nil {
		list = *was
	}
	i, found := slices.BinarySearch(list, oid)
	switch {
	case found == add:
		return
	case add:
		list = slices.Insert(slices.Clone(list), i, oid)
	default:
		list = slices.Delete(slices.Clone(list), i, i+1)
	}
	if len(list) == 0 {
		m.Set(key, nil)
		return
	}
	m.Set(key, &list)
}

// named yields the relations with a name, in any schema.
func (s *snapshot) named(name string) iter.Seq[*relation] {
	return func(yield func(*relation) bool) {
		list := s.byName.Get(hash(name))
		if list == nil {
			return
		}
		for _, oid := range *list {
			if r := s.relations.Get(oid); r.Name == name && !yield(r) {
				return
			}
		}
	}
}

// restricted returns the query for the objects whose OIDs are in $1. OFFSET keeps PostgreSQL from reading all objects,
// and the estimated number of OIDs, which doesn't depend on $1, from planning the query for each.
func restricted(p part) string {
	return "SELECT q.* FROM unnest(ARRAY(SELECT unnest($1::oid[]))) AS o (oid) CROSS JOIN LATERAL (" +
		strings.TrimSuffix(queries()[p.query], ";") + " AND " + p.key + " = o.oid OFFSET 0) AS q"
}

// worksAtCommit reports whether a transaction may change something when it commits: temporary tables may go, and
// triggers may run.
func (s *snapshot) worksAtCommit() bool {
	return has(s.relations, func(r *relation) bool { return strings.HasPrefix(r.Schema, "pg_temp_") }) ||
		has(s.triggers, func(t *trigger) bool { return !t.Internal })
}

// readSession reads the transaction's locks, and its scans of locked tables or of all. Outside a transaction, the scans
// may include those of earlier ones.
func (s *snapshot) readSession(ctx context.Context, conn *pgx.Conn, allScans bool) error {
	if conn.PgConn().TxStatus() == 'I' {
		s.locks, s.scans = oidmap.Map[locks]{}, oidmap.Map[int64]{}
		return s.readScans(ctx, conn, "scans")
	}
	var oids []uint32
	var modes []locks
	var scans []int64
	// Arrays, because a transaction may hold thousands of locks.
	if err := conn.QueryRow(ctx, queries()["session"], s.newest).Scan(&oids, &modes, &scans); err != nil {
		return fmt.Errorf("reading the session's locks: %w", err)
	}
	for i, oid := range oids {
		s.locks.Set(oid, modes[i])
		if r := s.relations.Get(oid); r != nil && (r.isTable() || r.Kind == "m") && scans[i] > 0 {
			s.scans.Set(oid, scans[i])
		}
	}
	if s.locks.Len() > len(oids) { // a rollback to a savepoint released some
		held := make(map[uint32]bool)
		for _, oid := range oids {
			held[oid] = true
		}
		for oid := range s.locks.All() {
			if !held[oid] {
				s.locks.Set(oid, 0)
			}
		}
	}
	if allScans {
		return s.readScans(ctx, conn, "scans")
	}
	return nil
}

// readScans reads the scans with a query.
func (s *snapshot) readScans(ctx context.Context, conn *pgx.Conn, query string, args ...any) error {
	rows, err := conn.Query(ctx, queries()[query], args...)
	if err != nil {
		return fmt.Errorf("reading the session's scans: %w", err)
	}
	var oid uint32
	var scans int64
	_, err = pgx.ForEachRow(rows, []any{&oid, &scans}, func() error {
		s.scans.Set(oid, scans)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the session's scans: %w", err)
	}
	return nil
}

// isTable reports whether a relation is a table: plain, partitioned or foreign.
func (r *relation) isTable() bool { return r.Kind == "r" || r.Kind == "p" || r.Kind == "f" }

// isView reports whether a relation is a view, plain or materialized.
func (r *relation) isView() bool { return r.Kind == "v" || r.Kind == "m" }

// sql returns a relation's name as SQL, with its schema unless that is public.
func (r *relation) sql() string { return sqlName(r.Schema, r.Name) }

// column returns the column with a name, nil if there is none.
func (r *relation) column(name string) *column {
	for _, c := range r.columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func sqlName(schema, name string) string {
	if schema == "public" {
		return pgsql.Ident(name)
	}
	return pgsql.QualifiedIdent(schema, name)
}

// find returns the relation with a name, nil if there is none. Without a schema it searches temporary relations, then
// the search path.
func (s *snapshot) find(schema, name string) *relation {
	path := []string{schema}
	if schema == "" {
		path = s.path
		if path == nil {
			path = []string{"public"}
		}
	}
	var found *relation
	at := len(path)
	for r := range s.named(name) {
		if (schema == "" || schema == "pg_temp") && strings.HasPrefix(r.Schema, "pg_temp_") {
			return r
		}
		if i := slices.Index(path[:at], r.Schema); i >= 0 {
			found, at = r, i
		}
	}
	return found
}
