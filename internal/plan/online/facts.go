package online

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// Facts are what PostgreSQL reports about the tables of a state, in the form that statements are built from. To compare
// two objects, use their catalog lines, which are normalized, not these texts.
type facts struct {
	conn      *pgx.Conn         // to the state's database
	tables    map[string]*table // managed by schema.hcl, by qualified name, without partitions
	byOID     map[int64]*table  // all tables, including partitions
	relations map[string]bool   // every name in use, qualified
	catalog   catalog.Catalog
	sequences map[string]*state.Sequence
}

type table struct {
	OID         int64
	Schema      string
	Name        string
	Partitioned bool
	Parent      int64
	Inherits    []int64 // the tables that it inherits from; none for a partition
	Comment     *string

	columns     []*column
	indexes     []*index // including those of constraints
	constraints []*constraint
	outside     []*constraint // those that schema.hcl doesn't manage, although it manages the table
	partitions  []*table      // direct partitions only
	below       []*table      // direct partitions and inheriting tables
	properties  []cmd         // statements that set its unmanaged properties and those of its parts
}

type column struct {
	Table     int64
	Name      string
	Type      string
	Base      string   // of a domain: its underlying type
	Checked   bool     // of a domain: it has a check or NOT NULL
	Labels    []string // of an enum or of an array of one
	Collation string
	NotNull   bool     // and no row has a NULL
	NotValid  *notNull // new rows have no NULL, but the existing ones aren't checked
	Default   *string
	Generated *string
	Virtual   bool
	Reads     []string // the columns that a generated one reads
	Inherited bool     // it is dropped with the column of the only table above
	Identity  string   // ALWAYS, BY DEFAULT or empty
	Comment   *string
	Sequences []*sequence // the sequences that it owns, or the one of its identity

	own        *sequence // the one of Sequences that numbers the column: its identity's, or the one named by draws
	draws      string    // the sequence whose nextval() is its default
	properties []cmd
}

// A notNull is a constraint that is NOT NULL and NOT VALID. PostgreSQL has such constraints since version 18.
type notNull struct{ Name, Def string }

type sequence struct{ Schema, Name, Type, Options string }

type index struct {
	OID         int64
	Table       int64
	Name        string
	Unique      bool
	Valid       bool
	Replica     bool   // whether it is the table's replica identity
	On          string // what follows the table's name in its definition
	Columns     []string
	Reads       []string // Columns, included columns, and those in expressions and the predicate
	Keys        []string // columns and expressions as SQL
	Predicate   *string
	NullsEqual  bool // NULLS NOT DISTINCT
	Expressions bool
	Parent      int64
	Users       []string // foreign keys that refer to it
	Comment     *string

	constraint *constraint
	properties []cmd
}

type constraint struct {
	Table      int64
	Name       string
	Kind       string // c, f, p, u or x
	Def        string // without NOT VALID
	Valid      bool
	Inherited  bool
	Index      int64
	References int64
	Key        int64 // the index that a foreign key refers to
	Columns    []string
	RefColumns []string // the columns that a foreign key refers to, in the order of Columns
	Deferrable string
	Comment    *string

	index *index
	refs  *table // the table that a foreign key refers to
	key   *index
}

func (t *table) String() string { return pgsql.QualifiedIdent(t.Schema, t.Name) }

// column returns nil if there is no such column, or no table.
func (t *table) column(name string) *column {
	if t == nil {
		return nil
	}
	return find(t.columns, func(c *column) bool { return c.Name == name })
}

func (t *table) index(name string) *index {
	return find(t.indexes, func(i *index) bool { return i.Name == name })
}

func (t *table) constraint(name string) *constraint {
	return find(t.constraints, func(k *constraint) bool { return k.Name == name })
}

func (t *table) primaryKey() *constraint {
	return find(t.constraints, func(k *constraint) bool { return k.Kind == "p" })
}

func find[T any](list []*T, is func(*T) bool) *T {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i]
	}
	return nil
}

//go:embed facts.sql
var factsSQL string

// readFacts reads the facts of a state. Objects in the schemas named in unmanaged do not count as schema.hcl's.
func readFacts(ctx context.Context, s *state.State, unmanaged ...string) (*facts, error) {
	c, _ := state.Split(s.Catalog, unmanaged...)
	var doc []byte
	err := pgx.BeginTxFunc(ctx, s.Conn(), pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL search_path = pg_catalog"); err != nil {
			return err
		}
		return tx.QueryRow(ctx, strings.NewReplacer("{{sequence}}", catalog.SequenceSQL, "{{collation}}", catalog.CollationSQL("a.attcollation")).Replace(factsSQL), pgx.QueryExecModeSimpleProtocol).Scan(&doc)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the tables: %w", err)
	}
	var all struct {
		Tables      []*table
		Columns     []*column
		Indexes     []*index
		Constraints []*constraint
		Relations   []string
	}
	if err := json.Unmarshal(doc, &all); err != nil {
		return nil, fmt.Errorf("reading the tables: %w", err)
	}
	f := &facts{conn: s.Conn(), tables: map[string]*table{}, byOID: map[int64]*table{}, relations: map[string]bool{}, catalog: c, sequences: state.Sequences(s.Catalog)}
	for _, r := range all.Relations {
		f.relations[r] = true
	}
	for _, t := range all.Tables {
		f.byOID[t.OID] = t
		if _, ok := c.Def("table", t.String()); ok && t.Parent == 0 {
			f.tables[t.String()] = t
		}
	}
	for _, t := range all.Tables {
		if p := f.byOID[t.Parent]; p != nil {
			p.partitions, p.below = append(p.partitions, t), append(p.below, t)
		}
		for _, oid := range t.Inherits {
			if p := f.byOID[oid]; p != nil {
				p.below = append(p.below, t)
			}
		}
	}
	for _, c := range all.Columns {
		t := f.byOID[c.Table]
		t.columns = append(t.columns, c)
	}
	f.bindSequences()
	byOID := map[int64]*index{}
	for _, i := range all.Indexes {
		byOID[i.OID] = i
		i.On = strings.TrimPrefix(i.On, "USING btree ")
		t := f.byOID[i.Table]
		t.indexes = append(t.indexes, i)
	}
	for _, k := range all.Constraints {
		k.Def = strings.TrimSuffix(k.Def, " NOT VALID")
		if k.index = byOID[k.Index]; k.index != nil {
			k.index.constraint = k
		}
		k.refs, k.key = f.byOID[k.References], byOID[k.Key]
		t := f.byOID[k.Table]
		if _, managed := c.Def("constraint", t.part(k.Name)); !managed && f.tables[t.String()] == t {
			t.outside = append(t.outside, k)
			continue
		}
		t.constraints = append(t.constraints, k)
	}
	return f, nil
}

// bindSequences sets the sequences that columns own or use.
func (f *facts) bindSequences() {
	draws := map[string]string{}
	for name, s := range f.sequences {
		for _, u := range s.Users {
			draws[u] = name
		}
	}
	for _, t := range f.byOID {
		for _, c := range t.columns {
			c.draws = draws[t.part(c.Name)]
			c.own = find(c.Sequences, func(s *sequence) bool { return c.Identity != "" || s.String() == c.draws })
		}
	}
}

// part returns the qualified name of a part of the table, as in a catalog.
func (t *table) part(name string) string { return t.String() + "." + pgsql.Ident(name) }

// sameLine reports whether both states have the same object of a kind and name.
func sameLine(a, b *facts, kind, name string) bool {
	da, oka := a.catalog.Def(kind, name)
	db, okb := b.catalog.Def(kind, name)
	return oka && okb && da == db
}

// text returns a comment's text, "" if there is none.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// readProperties sets the properties of tables, columns and indexes.
func (f *facts) readProperties(ctx context.Context, s *state.State) error {
	u, err := s.PropertySQL(ctx)
	if err != nil {
		return err
	}
	cmds := func(stmts []string) (list []cmd) {
		for _, s := range stmts {
			list = append(list, sql(s))
		}
		return list
	}
	for _, t := range f.byOID {
		t.properties = cmds(u.Tables[t.String()])
		for _, c := range t.columns {
			c.properties = cmds(u.Columns[t.part(c.Name)])
		}
		for _, i := range t.indexes {
			i.properties = cmds(u.Indexes[t.part(i.Name)])
		}
	}
	return nil
}
