package lint

import (
	"context"
	_ "embed" // the queries
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A snapshot is the contents of PostgreSQL's catalogs at one moment, without system objects. Objects are identified by
// OID, so that they remain the same when they are renamed.
type snapshot struct {
	relations   map[uint32]*relation
	constraints map[uint32]*constraint
	indexes     map[uint32]*index
	functions   map[uint32]*function
	types       map[uint32]*typ
	triggers    map[uint32]*trigger
	policies    map[uint32]*policy
	rules       map[uint32]*rule
	extensions  map[uint32]*extension
	schemas     map[uint32]string

	path []string // the search path; nil for public

	// Of the session's transaction so far.
	locks  map[lockKey]bool
	counts map[uint32]counts
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

type index struct {
	OID, Table                 uint32
	Unique, Primary, Exclusion bool
	Valid                      bool
	Columns                    []int16 // 0 for an expression
	Keys                       int16
	Expression                 bool
	Predicate                  string
}

type function struct {
	OID          uint32
	Schema, Name string
	Args         string
	Kind         string
	Version      string // changes with each replacement
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

type namespace struct {
	OID  uint32
	Name string
}

type lockKey struct {
	Relation uint32
	Mode     string
}

type counts struct {
	Relation                   uint32
	Scans                      int64
	Inserted, Updated, Deleted int64
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

// read returns the rows of a batch's next query.
func read[T any](br pgx.BatchResults, err *error) []T {
	rows, e := br.Query()
	if e == nil {
		var out []T
		if out, e = pgx.CollectRows(rows, pgx.RowToStructByPos[T]); e == nil {
			return out
		}
	}
	if *err == nil {
		*err = e
	}
	return nil
}

func byOID[T any](list []T, oid func(*T) uint32) map[uint32]*T {
	m := make(map[uint32]*T, len(list))
	for i := range list {
		m[oid(&list[i])] = &list[i]
	}
	return m
}

// readSnapshot reads everything in one round trip.
func readSnapshot(ctx context.Context, conn *pgx.Conn) (*snapshot, error) {
	b := &pgx.Batch{}
	for _, name := range []string{
		"relations", "columns", "constraints", "indexes", "functions", "types", "triggers", "policies", "rules", "extensions", "schemas", "locks", "counts",
	} {
		b.Queue(queries()[name])
	}
	br := conn.SendBatch(ctx, b)
	var err error
	s := &snapshot{schemas: make(map[uint32]string)}
	s.relations = byOID(read[relation](br, &err), func(r *relation) uint32 { return r.OID })
	for _, r := range s.relations {
		r.columns = make(map[int16]*column)
	}
	columns := read[column](br, &err)
	for i, c := range columns {
		if r, ok := s.relations[c.Table]; ok {
			r.columns[c.Num] = &columns[i]
		}
	}
	s.constraints = byOID(read[constraint](br, &err), func(c *constraint) uint32 { return c.OID })
	s.indexes = byOID(read[index](br, &err), func(x *index) uint32 { return x.OID })
	s.functions = byOID(read[function](br, &err), func(f *function) uint32 { return f.OID })
	s.types = byOID(read[typ](br, &err), func(t *typ) uint32 { return t.OID })
	s.triggers = byOID(read[trigger](br, &err), func(t *trigger) uint32 { return t.OID })
	s.policies = byOID(read[policy](br, &err), func(p *policy) uint32 { return p.OID })
	s.rules = byOID(read[rule](br, &err), func(r *rule) uint32 { return r.OID })
	s.extensions = byOID(read[extension](br, &err), func(e *extension) uint32 { return e.OID })
	for _, n := range read[namespace](br, &err) {
		s.schemas[n.OID] = n.Name
	}
	s.locks = make(map[lockKey]bool)
	for _, l := range read[lockKey](br, &err) {
		s.locks[l] = true
	}
	s.counts = make(map[uint32]counts)
	for _, c := range read[counts](br, &err) {
		s.counts[c.Relation] = c
	}
	if e := br.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, fmt.Errorf("reading the catalogs: %w", err)
	}
	return s, nil
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
	for _, r := range s.relations {
		if r.Name != name {
			continue
		}
		if (schema == "" || schema == "pg_temp") && strings.HasPrefix(r.Schema, "pg_temp_") {
			return r
		}
		if i := slices.Index(path[:at], r.Schema); i >= 0 {
			found, at = r, i
		}
	}
	return found
}
