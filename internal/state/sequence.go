package state

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A Sequence is a sequence in a catalog and the columns that use it. Names are qualified and quoted as in SQL:
// "public.t_id_seq", "public.t.id".
type Sequence struct {
	Name, Type string
	// Options are those that aren't the default, in the catalog's form: "increment 5 cache 10".
	Options string
	// Owner is the column that owns the sequence, or "".
	Owner string
	// Users are the columns whose default is just nextval() of the sequence, in the catalog's order, without columns
	// that inherit their default.
	Users []string
	// Serial means that the owner's type is serial in a schema file: the column uses the sequence, is NOT NULL and of
	// the sequence's type, and the sequence has the name that PostgreSQL derives from the column, with a number if that
	// name was taken. Every other sequence is unmanaged: the file can only refer to it, as in
	// sql("nextval('order_no')").
	Serial bool
}

// Own reports whether the column that owns the sequence also uses it.
func (s *Sequence) Own() bool { return s.Owner != "" && slices.Contains(s.Users, s.Owner) }

// Shared returns the columns other than the owner that use the sequence.
func (s *Sequence) Shared() []string {
	return slices.DeleteFunc(slices.Clone(s.Users), func(u string) bool { return u == s.Owner })
}

// Table returns the owner's table: "public.t".
func (s *Sequence) Table() string { return parent(s.Owner) }

// Schema and Relation return the parts of the sequence's name without quotes.
func (s *Sequence) Schema() string   { return pgsql.Unquote(parent(s.Name)) }
func (s *Sequence) Relation() string { return pgsql.Unquote(last(s.Name)) }

// Sequences returns the sequences of a catalog by name, without those of identity columns.
func Sequences(c catalog.Catalog) map[string]*Sequence {
	all := map[string]*Sequence{}
	for l := range c.All() {
		if l.Kind == "sequence" && !l.Comment {
			def, _ := l.CutState()
			def, owner, _ := strings.Cut(def, " owned by ")
			typ, options, _ := strings.Cut(def, " ")
			all[l.Name] = &Sequence{Name: l.Name, Type: typ, Options: options, Owner: owner}
		}
	}
	foreign := foreignRelations(c)
	for l := range c.All() {
		if l.Kind != "column" || l.Comment {
			continue
		}
		column := l.Name
		def, columnState := l.CutState()
		m := nextvalDefault().FindStringSubmatch(def)
		if m == nil || strings.HasPrefix(columnState, "inherited") || strings.Contains(columnState, ", inherited") {
			continue
		}
		s := all[strings.ReplaceAll(m[3], "''", "'")]
		if s == nil {
			continue
		}
		s.Users = append(s.Users, column)
		s.Serial = s.Serial || s.Owner == column && !foreign[parent(column)] && serialType(m[1]) && m[1] == s.Type &&
			m[2] == " not null" && (s.Name == SerialSequence(column) || s.numbered(all[SerialSequence(column)]))
	}
	return all
}

// nextvalDefault matches the definition of a column whose default is nextval() of a sequence. It captures the type,
// whether it is NOT NULL, and the sequence.
var nextvalDefault = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(.*?)((?: not null(?: no inherit)?(?: not valid)?)?) default nextval\('((?:[^']|'')*)'::regclass\)$`)
})

func serialType(typ string) bool { return typ == "smallint" || typ == "integer" || typ == "bigint" }

// SerialSequence returns the name that PostgreSQL derives for the sequence of a serial column.
func SerialSequence(column string) string {
	table, name := catalog.CutName(column)
	schema, relation := catalog.CutName(table)
	return schema + "." + pgsql.Ident(pgsql.ObjectName(pgsql.Unquote(relation), pgsql.Unquote(name), "seq"))
}

// numbered reports whether the sequence's name is the one that PostgreSQL derives from its owner, followed by a number,
// as PostgreSQL does if the sequence first has the plain name.
func (s *Sequence) numbered(first *Sequence) bool {
	if first == nil || first.Owner == "" || SerialSequence(first.Owner) != first.Name {
		return false
	}
	name := s.Relation()
	number := name[len(strings.TrimRight(name, "0123456789")):]
	return number != "" && number[0] != '0' &&
		name == pgsql.ObjectName(pgsql.Unquote(last(s.Table())), pgsql.Unquote(last(s.Owner)), "seq"+number)
}

// parent returns a name without its last part.
func parent(name string) string {
	before, _ := catalog.CutName(name)
	return before
}

// last returns the last part of a name.
func last(name string) string {
	_, last := catalog.CutName(name)
	return last
}

// serialIn returns the serial columns, by "schema.table.column", quoted where needed.
func serialIn(c catalog.Catalog) map[string]bool {
	serial := map[string]bool{}
	for _, s := range Sequences(c) {
		if s.Serial {
			serial[s.Owner] = true
		}
	}
	return serial
}
