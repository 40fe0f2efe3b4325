package state

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A property is an unmanaged property of an object. object is the object's kind and name in the catalog.
type property struct{ object, what string }

// properties are the unmanaged properties of a state's objects.
type properties struct {
	Settings    []*setting
	Constraints []*constraint
	Sequences   []*sequence
	Generated   []*generated
}

// A generated column. What the schema file declares is a stored one.
type generated struct {
	Schema, Table, Name string
	Virtual             bool
	Indexed             bool   // as a virtual one can't be
	Recreate            string // the statements that make it virtual
}

// A setting is a property that a single action of an ALTER TABLE or a similar statement sets.
type setting struct {
	Kind, Schema, Rel, Name string // Name is the part of the relation, or ""
	What, Value, Action     string
}

type constraint struct {
	Schema, Table, Name, Kind, Def string
	Comment                        *string // on the index of a unique constraint, as a literal
}

// A sequence is a sequence of the catalog, with the properties that differ from those of a new serial column's
// sequence.
type sequence struct {
	*Sequence `json:"-"`
	Name      string // qualified
	Options   string // "INCREMENT BY 5 CACHE 10"
	Comment   string // as a literal
}

//go:embed properties.sql
var propertiesSQL string

func (s *State) properties(ctx context.Context) (*properties, error) {
	var doc []byte
	err := pgx.BeginTxFunc(ctx, s.db.native, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL search_path = pg_catalog"); err != nil {
			return err
		}
		query := strings.NewReplacer("{{lowest}}", catalog.LowestSQL, "{{highest}}", catalog.HighestSQL, "{{collation}}", catalog.CollationSQL("a.attcollation")).Replace(propertiesSQL)
		return tx.QueryRow(ctx, query, pgx.QueryExecModeSimpleProtocol).Scan(&doc)
	})
	if err != nil {
		return nil, fmt.Errorf("reading what the schema file can't express: %w", err)
	}
	e := &properties{}
	if err := json.Unmarshal(doc, e); err != nil {
		return nil, fmt.Errorf("reading what the schema file can't express: %w", err)
	}
	sequences := Sequences(s.Catalog)
	e.Sequences = slices.DeleteFunc(e.Sequences, func(s *sequence) bool {
		s.Sequence = sequences[s.Name]
		return s.Sequence == nil
	})
	return e, nil
}

// all lists the properties.
func (e *properties) all() []property {
	var list []property
	for _, s := range e.Settings {
		what := s.What
		if s.Value != "" && s.What != "replica identity" {
			what += " (" + s.Value + ")"
		}
		list = append(list, property{s.object(), what})
	}
	for _, k := range e.Constraints {
		if k.Kind == "x" {
			list = append(list, property{"table " + pgsql.QualifiedIdent(k.Schema, k.Table), "exclusion constraint " + pgsql.Ident(k.Name) + " (" + k.Def + ")"})
			continue
		}
		_, more := plainConstraint(k.Kind, k.Def)
		for _, m := range more {
			list = append(list, property{k.object(), m})
		}
	}
	for _, s := range e.Sequences {
		if !s.Own() {
			continue
		}
		if s.Options != "" {
			list = append(list, property{"column " + s.Owner, "sequence options (" + s.Options + ")"})
		}
		if s.Comment != "" {
			list = append(list, property{"column " + s.Owner, "comment on its sequence (" + s.Comment + ")"})
		}
	}
	return list
}

func (s *setting) object() string {
	kind, name := s.Kind, pgsql.QualifiedIdent(s.Schema, s.Rel)
	switch kind {
	case "mark":
		kind = "index"
	case "comment on constraint", "comment on index":
		kind = "constraint"
	case "comment on enum":
		kind = "enum"
	}
	if s.Name != "" {
		name += "." + pgsql.Ident(s.Name)
	}
	return kind + " " + name
}

func (k *constraint) object() string {
	return "constraint " + pgsql.QualifiedIdent(k.Schema, k.Table) + "." + pgsql.Ident(k.Name)
}

// followRenames gives an index or constraint the name of its equal in the desired state, so that it keeps its
// properties.
func (e *properties) followRenames(have, want catalog.Catalog, desired *properties) {
	renamed := renamedIndexes(have, want)
	for _, k := range e.Constraints {
		if k.Kind == "x" || desired.constraint(k.Schema, k.Table, k.Name) != nil {
			continue
		}
		def, _ := plainConstraint(k.Kind, k.Def)
		for _, d := range desired.Constraints {
			plain, _ := plainConstraint(d.Kind, d.Def)
			if d.Schema == k.Schema && d.Table == k.Table && d.Kind == k.Kind && plain == def && e.constraint(d.Schema, d.Table, d.Name) == nil {
				renamed[k.object()] = d.Name
				renamed["index "+strings.TrimPrefix(k.object(), "constraint ")] = d.Name
				break
			}
		}
	}
	for _, s := range e.Settings {
		if to, ok := renamed[s.object()]; ok {
			s.Name = to
		}
	}
	for _, k := range e.Constraints {
		if to, ok := renamed[k.object()]; ok {
			k.Name = to
		}
	}
}

// renamedIndexes returns the new names of renamed indexes by their kind and old name: "index public.i".
func renamedIndexes(have, want catalog.Catalog) map[string]string {
	indexes := func(c catalog.Catalog) map[string]string {
		m := map[string]string{}
		for l := range c.All() {
			if l.Kind == "index" && !l.Comment {
				m[l.Name] = l.Def
			}
		}
		return m
	}
	from, to := indexes(have), indexes(want)
	renamed := map[string]string{}
	taken := map[string]bool{}
	var names []string
	for name := range to {
		names = append(names, name)
	}
	slices.Sort(names)
	for name, def := range from {
		if _, ok := to[name]; ok {
			continue
		}
		plain := plainIndex(def)
		for _, n := range names {
			if _, ok := from[n]; !ok && !taken[n] && parent(n) == parent(name) && plainIndex(to[n]) == plain {
				taken[n] = true
				renamed["index "+name] = pgsql.Unquote(last(n))
				break
			}
		}
	}
	return renamed
}

// plainIndex returns an index's definition without its name and unmanaged properties.
func plainIndex(def string) string {
	tokens := pgsql.Tokens(def)
	var b strings.Builder
	depth := 0
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		switch {
		case t.Kind == pgsql.Op && t.Text == "(":
			depth++
		case t.Kind == pgsql.Op && t.Text == ")":
			depth--
		case depth == 0 && t.Kind == pgsql.Word && t.Text == "INDEX" && i+1 < len(tokens):
			i++ // the name
		case depth == 0 && t.Kind == pgsql.Word && t.Text == "WITH" && i+1 < len(tokens) && tokens[i+1].Text == "(":
			for i < len(tokens) && tokens[i].Text != ")" {
				i++
			}
			continue
		case depth == 0 && t.Kind == pgsql.Op && t.Text == "[":
			return b.String() // the state after the definition
		}
		b.WriteString(t.Text + " ")
	}
	return b.String()
}

func (e *properties) constraint(schema, table, name string) *constraint {
	for _, k := range e.Constraints {
		if k.Schema == schema && k.Table == table && k.Name == name {
			return k
		}
	}
	return nil
}

func (e *properties) generated(schema, table, name string) *generated {
	for _, g := range e.Generated {
		if g.Schema == schema && g.Table == table && g.Name == name {
			return g
		}
	}
	return nil
}

// own returns the sequence that a column owns and uses, or nil.
func (e *properties) own(column string) *sequence {
	for _, s := range e.Sequences {
		if s.Owner == column && s.Own() {
			return s
		}
	}
	return nil
}

func (e *properties) sequence(name string) *sequence {
	for _, s := range e.Sequences {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// constraintSuffixes may follow a constraint's definition, the last one first.
var constraintSuffixes = []string{"NOT VALID", "NOT ENFORCED", "NO INHERIT", "INITIALLY DEFERRED", "DEFERRABLE"}

var setColumns = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(SET (?:NULL|DEFAULT)) \([^)]*\)`) })

// plainConstraint splits a constraint's definition into the managed part and its unmanaged properties, in PostgreSQL's
// order.
func plainConstraint(kind, def string) (plain string, more []string) {
	for _, s := range constraintSuffixes {
		if p, ok := strings.CutSuffix(def, " "+s); ok {
			def = p
			more = append(more, s)
		}
	}
	slices.Reverse(more)
	switch kind {
	case "f":
		columns, rest, ok := strings.Cut(def, ") REFERENCES ")
		if !ok {
			break
		}
		if strings.Contains(rest, ") MATCH FULL") {
			rest = strings.Replace(rest, ") MATCH FULL", ")", 1)
			more = append(more, "MATCH FULL")
		}
		if m := setColumns().FindString(rest); m != "" {
			rest = setColumns().ReplaceAllString(rest, "$1")
			more = append(more, m)
		}
		if p := strings.ReplaceAll(columns, ", PERIOD ", ", "); p != columns {
			columns, rest = p, strings.Replace(rest, ", PERIOD ", ", ", 1)
			more = append(more, "PERIOD")
		}
		def = columns + ") REFERENCES " + rest
	case "p", "u":
		if p := strings.Replace(def, " WITHOUT OVERLAPS)", ")", 1); p != def {
			def = p
			more = append(more, "WITHOUT OVERLAPS")
		}
	}
	return def, more
}
