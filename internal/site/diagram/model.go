// Package diagram draws a schema, or how it changes, as an SVG or a Mermaid entity-relationship diagram. It knows only
// catalogs, which it needs no server for.
package diagram

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A Mark says how a part of a schema changes.
type Mark int

const (
	Same Mark = iota
	Added
	Changed
	Dropped
)

// String returns the mark as a word, "" for Same.
func (m Mark) String() string { return [...]string{"", "added", "changed", "dropped"}[m] }

// sign returns the mark as the start of a line, "" for Same.
func (m Mark) sign() string { return [...]string{"", "+ ", "~ ", "- "}[m] }

// A Model is what a diagram shows. Names are as in SQL, on one line, and without the schema public.
type Model struct {
	Tables []Table // sorted by name
	Keys   []Key   // foreign keys between these tables
}

// A Table is a table that isn't a partition.
type Table struct {
	Name       string
	Was        string // the old name, if it changes
	Mark       Mark
	Partitions int // how many it has
	Columns    []Column
	Others     []Other
}

// A Column is a column of a table. Those of the primary key come first.
type Column struct {
	Name, Type string
	NotNull    bool
	Primary    bool // part of the primary key
	Foreign    bool // part of a foreign key
	Unique     bool // the only column of a unique key
	Mark       Mark
	Was        string // what changes: "was text, was nullable"

	position int // in the primary key, or after it
}

// An Other is a part of a table that changes and is neither a column nor a foreign key.
type Other struct {
	Kind, Name string // "index", "primary key", "check", "trigger", ...
	Mark       Mark
}

// A Key is a foreign key.
type Key struct {
	Name       string
	From, To   int // indexes of the referencing and the referenced table
	Columns    []string
	RefColumns []string
	One        bool // at most one row refers to a row
	Optional   bool // a row may refer to none
	Mark       Mark
}

// Of returns the model of a catalog.
func Of(c catalog.Catalog) Model { return Between(c, c) }

// Between returns the model of the change from one catalog to another. It includes what both have. The statements that
// make the change, if known, say what they rename.
func Between(before, after catalog.Catalog, stmts ...pgsql.Stmt) Model {
	d := difference{renames: catalog.RenamesOf(stmts), old: read(before), now: read(after)}
	var m Model
	index := map[pair]int{}
	pairs := pairsOf(d.old.names(), d.now.names(), d.renames.Of)
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.name(), b.name()), cmp.Compare(a.now, b.now))
	})
	for i, p := range pairs {
		m.Tables = append(m.Tables, d.table(p))
		if p.old != "" {
			index[pair{old: p.old}] = i
		}
		if p.now != "" {
			index[pair{now: p.now}] = i
		}
	}
	for i, p := range pairs {
		m.Keys = append(m.Keys, d.keys(i, p, index)...)
	}
	for _, k := range m.Keys {
		if t := &m.Tables[k.From]; k.Mark != Same && t.Mark == Same {
			t.Mark = Changed
		}
	}
	return m
}

// A difference compares the tables of two catalogs.
type difference struct {
	renames  catalog.Renames
	old, now schema
}

// A schema is a catalog's tables by name.
type schema map[string]*table

type table struct {
	partitions int
	columns    map[string]catalog.Column     // by the line's name
	keys       map[string]catalog.Constraint // foreign ones
	others     map[string]catalog.Line       // by kind and the line's name
	primary    []string
	unique     [][]string
}

func read(c catalog.Catalog) schema {
	s := schema{}
	for l := range c.All() {
		if l.Kind == "table" && !l.Comment && l.PartitionOf() == "" {
			s[l.Name] = &table{columns: map[string]catalog.Column{}, keys: map[string]catalog.Constraint{}, others: map[string]catalog.Line{}}
		}
	}
	for l := range c.All() {
		if l.Comment {
			continue
		}
		if t := s[l.PartitionOf()]; t != nil {
			t.partitions++
		}
		owner, _ := catalog.CutName(l.Name)
		t := s[owner]
		if t == nil {
			continue
		}
		switch l.Kind {
		case "column":
			t.columns[l.Name] = l.Column()
		case "constraint":
			c := l.Constraint()
			switch c.Kind {
			case "FOREIGN KEY":
				t.keys[l.Name] = c
				continue
			case "PRIMARY KEY":
				t.primary = c.Columns
				t.unique = append(t.unique, c.Columns)
			case "UNIQUE":
				t.unique = append(t.unique, c.Columns)
			}
			t.others[strings.ToLower(c.Kind)+" "+l.Name] = l
		case "index":
			if x := l.Index(); x.Unique && !x.Where && !slices.Contains(x.Columns, "") {
				t.unique = append(t.unique, x.Columns)
			}
			t.others[l.Kind+" "+l.Name] = l
		case "trigger", "policy", "rule":
			t.others[l.Kind+" "+l.Name] = l
		}
	}
	return s
}

func (s schema) names() []string { return slices.Sorted(maps.Keys(s)) }

// A pair is an object's name before and after the change; one is "" if the object is added or dropped.
type pair struct{ old, now string }

func (p pair) name() string { return cmp.Or(p.now, p.old) }

// pairsOf pairs the old and new names of objects, which are sorted: those that are renamed, then those that keep their
// name.
func pairsOf(old, now []string, rename func(string) string) []pair {
	from := map[string]string{} // old names by new ones
	placed := map[string]bool{}
	place := func(o, next string) {
		if _, exists := slices.BinarySearch(now, next); exists && from[next] == "" && !placed[o] {
			from[next], placed[o] = o, true
		}
	}
	for _, o := range old {
		if next := rename(o); next != o {
			place(o, next)
		}
	}
	for _, o := range old {
		place(o, o)
	}
	var pairs []pair
	for _, n := range now {
		pairs = append(pairs, pair{from[n], n})
	}
	for _, o := range old {
		if !placed[o] {
			pairs = append(pairs, pair{old: o})
		}
	}
	return pairs
}

func (d difference) table(p pair) Table {
	old, now := d.old[p.old], d.now[p.now]
	t := Table{Name: Name(p.name())}
	shown := now
	switch {
	case now == nil:
		t.Mark, shown, now = Dropped, old, &table{}
	case old == nil:
		t.Mark, old = Added, &table{}
	case p.old != p.now:
		t.Mark, t.Was = Changed, Name(p.old)
	}
	t.Partitions = shown.partitions
	renamed := t.Was != ""
	for _, c := range pairsOf(slices.Sorted(maps.Keys(old.columns)), slices.Sorted(maps.Keys(now.columns)), d.renames.Of) {
		col, before := now.columns[c.now], old.columns[c.old]
		var out Column
		switch {
		case c.now == "":
			col, out.Mark = before, Dropped
		case c.old == "":
			out.Mark = Added
		default:
			out.Was = was(c, before, col)
			if out.Was != "" {
				out.Mark = Changed
			}
			renamed = renamed || last(c.old) != last(c.now)
		}
		_, name := catalog.CutName(c.name())
		out.Name, out.Type, out.NotNull = Name(name), shortType(col.Type), col.NotNull != ""
		unquoted := pgsql.Unquote(name)
		out.position = slices.Index(shown.primary, unquoted)
		if out.Primary = out.position >= 0; !out.Primary {
			out.position = len(shown.primary)
		}
		out.Unique = slices.ContainsFunc(shown.unique, func(key []string) bool { return len(key) == 1 && key[0] == unquoted })
		for _, k := range shown.keys {
			out.Foreign = out.Foreign || slices.Contains(k.Columns, unquoted)
		}
		t.Columns = append(t.Columns, out)
	}
	slices.SortStableFunc(t.Columns, func(a, b Column) int {
		return cmp.Or(cmp.Compare(a.position, b.position), cmp.Compare(a.Name, b.Name))
	})
	if t.Mark != Added && t.Mark != Dropped {
		t.Others = d.others(old, now, renamed)
		if len(t.Others) > 0 || old.partitions != now.partitions || slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Mark != Same }) {
			t.Mark = Changed
		}
	}
	return t
}

// was says how a column changes.
func was(p pair, before, after catalog.Column) string {
	var list []string
	if last(p.old) != last(p.now) {
		list = append(list, "was "+Name(last(p.old)))
	}
	if before.Type != after.Type {
		list = append(list, "was "+shortType(before.Type))
	}
	if before.NotNull != after.NotNull {
		list = append(list, "was "+cmp.Or(before.NotNull, "nullable"))
	}
	if before.Value != after.Value {
		list = append(list, "had "+cmp.Or(pgsql.Mask(before.Value), "no default"))
	}
	if len(list) == 0 && before != after {
		list = append(list, "had other settings")
	}
	return strings.Join(list, ", ")
}

// others returns what changes among a table's constraints, indexes and triggers. Definitions name the table and its
// columns, so they are not compared if one of these is renamed.
func (d difference) others(old, now *table, renamed bool) []Other {
	next := func(key string) string {
		l := old.others[key]
		return strings.TrimSuffix(key, l.Name) + d.renames.Of(l.Name)
	}
	var list []Other
	for _, p := range pairsOf(slices.Sorted(maps.Keys(old.others)), slices.Sorted(maps.Keys(now.others)), next) {
		before, after := old.others[p.old], now.others[p.now]
		shown, mark := after, Same
		switch {
		case p.now == "":
			shown, mark = before, Dropped
		case p.old == "":
			mark = Added
		case !renamed && before.Def != after.Def:
			mark = Changed
		}
		if mark == Same {
			continue
		}
		kind := strings.TrimSuffix(p.name(), " "+shown.Name)
		list = append(list, Other{Kind: kind, Name: Name(last(shown.Name)), Mark: mark})
	}
	slices.SortStableFunc(list, func(a, b Other) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// keys returns the foreign keys of a table whose referenced tables are known.
func (d difference) keys(from int, p pair, index map[pair]int) []Key {
	none := &table{}
	old, now := cmp.Or(d.old[p.old], none), cmp.Or(d.now[p.now], none)
	var list []Key
	for _, k := range pairsOf(slices.Sorted(maps.Keys(old.keys)), slices.Sorted(maps.Keys(now.keys)), d.renames.Of) {
		before, after := old.keys[k.old], now.keys[k.now]
		shown, of, mark := after, now, Same
		to, known := index[pair{now: after.RefTable}]
		switch {
		case k.now == "":
			shown, of, mark = before, old, Dropped
			to, known = index[pair{old: before.RefTable}]
		case k.old == "":
			mark = Added
		case before.Rest != after.Rest || index[pair{old: before.RefTable}] != to || !d.sameColumns(p, before.Columns, after.Columns):
			mark = Changed
		}
		if !known {
			continue
		}
		key := Key{Name: Name(last(k.name())), From: from, To: to, Columns: idents(shown.Columns), RefColumns: idents(shown.RefColumns), Mark: mark}
		for name, c := range of.columns {
			if c.NotNull == "" && slices.Contains(shown.Columns, pgsql.Unquote(last(name))) {
				key.Optional = true
			}
		}
		columns := slices.Sorted(slices.Values(shown.Columns))
		key.One = slices.ContainsFunc(of.unique, func(unique []string) bool {
			return slices.Equal(slices.Sorted(slices.Values(unique)), columns)
		})
		list = append(list, key)
	}
	return list
}

// sameColumns reports whether a table's columns are the same ones before and after.
func (d difference) sameColumns(p pair, before, after []string) bool {
	return slices.EqualFunc(before, after, func(b, a string) bool {
		renamed := last(d.renames.Of(p.old + "." + pgsql.Ident(b)))
		return renamed == pgsql.Ident(a) || b == a
	})
}

// Name returns an object's name for people: on one line, and without the schema public.
func Name(name string) string { return strings.TrimPrefix(catalog.Escape(name), "public.") }

// last returns the last part of a qualified name.
func last(name string) string {
	_, part := catalog.CutName(name)
	return part
}

func idents(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = Name(pgsql.Ident(n))
	}
	return out
}

// shortType returns a type's name by the shorter name that PostgreSQL knows it by, too.
func shortType(name string) string {
	for long, short := range map[string]string{
		"timestamp with time zone": "timestamptz", "timestamp without time zone": "timestamp",
		"time with time zone": "timetz", "time without time zone": "time",
		"character varying": "varchar", "bit varying": "varbit",
	} {
		if rest, ok := strings.CutPrefix(name, long); ok {
			return short + rest
		}
	}
	for _, kind := range []string{"timestamp", "time"} { // with a precision
		if precision, ok := strings.CutPrefix(name, kind+"("); ok {
			digits, rest, _ := strings.Cut(precision, ")")
			if rest, ok := strings.CutPrefix(rest, " with time zone"); ok {
				return kind + "tz(" + digits + ")" + rest
			}
			return kind + "(" + digits + ")" + strings.TrimPrefix(rest, " without time zone")
		}
	}
	return name
}
