package state

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A Sequence is a sequence of a catalog, with the columns that are bound to it. Names are
// qualified and quoted as SQL has them: "public.t_id_seq", "public.t.id".
type Sequence struct {
	Name, Type string
	// Options are those that it has not by itself, in the catalog's words: "increment 5 cache 10".
	Options string
	// Owner is the column with which the sequence is dropped, empty if there is none.
	Owner string
	// Users are the columns whose default is nextval() of the sequence and nothing else,
	// in the catalog's order. Columns that inherit their default are none.
	Users []string
	// Serial says that the schema file calls the owner's type serial: the sequence is the
	// column's own, the column is NOT NULL and of the sequence's type, and the sequence has
	// the name that PostgreSQL derives from the column's, with a number if it derives that
	// name twice. Every other sequence stands outside the schema file, which can only refer
	// to it, as in sql("nextval('order_no')").
	Serial bool
}

// Own says whether the sequence numbers the column that owns it.
func (s *Sequence) Own() bool { return s.Owner != "" && slices.Contains(s.Users, s.Owner) }

// Shared returns the columns other than the owner that draw from the sequence.
func (s *Sequence) Shared() []string {
	return slices.DeleteFunc(slices.Clone(s.Users), func(u string) bool { return u == s.Owner })
}

// Table returns the owner's table, as in "public.t".
func (s *Sequence) Table() string { return parent(s.Owner) }

// Schema and Relation are the parts of the sequence's name as they are without quotes.
func (s *Sequence) Schema() string   { return pgsql.Unquote(parent(s.Name)) }
func (s *Sequence) Relation() string { return pgsql.Unquote(last(s.Name)) }

// Sequences returns the sequences of a catalog by their names, without those of identity
// columns.
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

// nextvalDefault matches the definition of a column that draws its default from a sequence:
// its type, whether it is NOT NULL, and the sequence.
var nextvalDefault = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(.*?)((?: not null(?: no inherit)?(?: not valid)?)?) default nextval\('((?:[^']|'')*)'::regclass\)$`)
})

func serialType(typ string) bool { return typ == "smallint" || typ == "integer" || typ == "bigint" }

// SerialSequence is the name that the sequence of a serial column has, by the column's.
func SerialSequence(column string) string {
	table, name := catalog.CutName(column)
	schema, relation := catalog.CutName(table)
	return schema + "." + pgsql.Ident(pgsql.ObjectName(pgsql.Unquote(relation), pgsql.Unquote(name), "seq"))
}

// numbered says whether the sequence has the name that PostgreSQL derives from its owner's
// where it derived it from another one's already, the owner of first: with a number.
func (s *Sequence) numbered(first *Sequence) bool {
	if first == nil || first.Owner == "" || SerialSequence(first.Owner) != first.Name {
		return false
	}
	name := s.Relation()
	number := name[len(strings.TrimRight(name, "0123456789")):]
	return number != "" && number[0] != '0' &&
		name == pgsql.ObjectName(pgsql.Unquote(last(s.Table())), pgsql.Unquote(last(s.Owner)), "seq"+number)
}

// parent returns the name without its last part, last returns that.
func parent(name string) string {
	before, _ := catalog.CutName(name)
	return before
}

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
