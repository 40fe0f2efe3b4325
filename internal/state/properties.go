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

// A Loss is something that schema.hcl cannot say about an object that it declares, and
// that the object cannot keep when it is changed as the file wants.
type Loss struct {
	Object string // "index public.results.ix_results_tags"
	What   string // "storage parameters (fillfactor='70')"
}

func (s Loss) String() string {
	return fmt.Sprintf("%s cannot keep its %s, which the schema file cannot say", s.Object, s.What)
}

// A LossError is a change that would take something away which schema.hcl cannot say.
// Nothing was written.
type LossError struct{ Losses []Loss }

func (e *LossError) Error() string {
	var b strings.Builder
	b.WriteString("nothing was written: the schema file wants a change that would lose what it cannot say:")
	for _, s := range e.Losses {
		b.WriteString("\n  " + s.String())
	}
	b.WriteString("\nwrite the change, or drop what is in its way, as SQL first (new)")
	return b.String()
}

// CarryOver gives the objects of the desired state what schema.hcl cannot say about them
// and what they have in the replayed state: storage parameters, deferrable keys, exclusion
// constraints, sequences' options and the like. So it is no difference between the two,
// and an object that is made again keeps it. The error is a *LossError if something could not
// be carried over because the object itself changes.
func CarryOver(ctx context.Context, replayed, desired *State) error {
	lost, err := carryOver(ctx, replayed, desired)
	if err == nil && len(lost) > 0 {
		return &LossError{lost}
	}
	return err
}

func carryOver(ctx context.Context, replayed, desired *State) ([]Loss, error) {
	have, err := replayed.properties(ctx)
	if err != nil {
		return nil, err
	}
	if len(have.all()) == 0 && len(have.Sequences) == 0 {
		return nil, nil
	}
	want, err := desired.properties(ctx)
	if err != nil {
		return nil, err
	}
	have.followRenames(replayed.Catalog, desired.Catalog, want)
	stmts := append(have.statements(want), have.sequenceStatements(want)...)
	if len(stmts) > 0 {
		for _, s := range stmts {
			// What fails is found missing below.
			if err := desired.db.run.Exec(ctx, s); err != nil && pgsql.SQLState(err) == "" {
				return nil, fmt.Errorf("carrying over what the schema file cannot say: %w", err)
			}
		}
		if err := desired.Refresh(ctx); err != nil {
			return nil, err
		}
		if want, err = desired.properties(ctx); err != nil {
			return nil, err
		}
	}
	declared := map[string]string{}
	for l := range desired.Catalog.All() {
		if !l.Comment {
			declared[l.Kind+" "+l.Name] = l.Def
		}
	}
	// What the file can say, it may also take away.
	all := *have
	have.Sequences = slices.DeleteFunc(slices.Clone(have.Sequences), func(s *sequence) bool {
		w := want.own(s.Owner)
		return w == nil || w.Name != s.Name && all.sequence(w.Name) != nil // it draws from none of its own, or from another one
	})
	have.Settings = slices.DeleteFunc(have.Settings, func(s *setting) bool {
		return s.What == "sequence options" && !strings.Contains(declared[s.object()], identity)
	})
	kept := map[property]bool{}
	for _, t := range want.all() {
		kept[t] = true
	}
	var lost []Loss
	for _, t := range have.all() {
		if _, ok := declared[t.object]; ok && !kept[t] {
			lost = append(lost, Loss{Object: t.object, What: t.what})
		}
	}
	return lost, nil
}

// A property is something that schema.hcl cannot say about an object, named as a catalog
// does.
type property struct{ object, what string }

// properties are what schema.hcl cannot say about the objects of a state.
type properties struct {
	Settings    []*setting
	Constraints []*constraint
	Sequences   []*sequence
}

// A setting is something that one action gives an object.
type setting struct {
	Kind, Schema, Rel, Name string // Name is the part of the relation, or empty
	What, Value, Action     string
}

type constraint struct {
	Schema, Table, Name, Kind, Def string
}

// A sequence is one of the catalog's, with what a serial column's has not by itself.
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
		return tx.QueryRow(ctx, propertiesSQL, pgx.QueryExecModeSimpleProtocol).Scan(&doc)
	})
	if err != nil {
		return nil, fmt.Errorf("reading what the schema file cannot say: %w", err)
	}
	e := &properties{}
	if err := json.Unmarshal(doc, e); err != nil {
		return nil, fmt.Errorf("reading what the schema file cannot say: %w", err)
	}
	sequences := Sequences(s.Catalog)
	e.Sequences = slices.DeleteFunc(e.Sequences, func(s *sequence) bool {
		s.Sequence = sequences[s.Name]
		return s.Sequence == nil
	})
	return e, nil
}

// traits lists what the state's objects have.
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
	case "comment on constraint":
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

// followRenames renames the indexes and constraints that have another name in the desired state
// and are the same otherwise: what they have goes with them.
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

// renamedIndexes returns the new names of indexes by their lines' kind and old name.
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

// plainIndex is an index's definition without its name and what schema.hcl cannot say.
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

// own returns the sequence that numbers a column and that the column owns.
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

// statements returns what gives the objects of want what e has and they have not.
func (e *properties) statements(want *properties) []string {
	var out []string
	for _, k := range e.Constraints {
		table := "ALTER TABLE " + pgsql.QualifiedIdent(k.Schema, k.Table)
		add := "ADD CONSTRAINT " + pgsql.Ident(k.Name) + " "
		w := want.constraint(k.Schema, k.Table, k.Name)
		if k.Kind == "x" {
			if w == nil {
				out = append(out, table+" "+add+k.Def)
			}
			continue
		}
		plain, more := plainConstraint(k.Kind, k.Def)
		if w == nil || w.Kind != k.Kind || len(more) == 0 {
			continue
		}
		def := k.Def
		if d, _ := plainConstraint(w.Kind, w.Def); d != plain {
			// It changes in what the file says, and keeps what follows that.
			def = d
			for _, m := range more {
				if slices.Contains(constraintSuffixes, m) {
					def += " " + m
				}
			}
		}
		if def != w.Def {
			out = append(out, table+" DROP CONSTRAINT "+pgsql.Ident(k.Name)+", "+add+def)
		}
	}
	had := map[property]bool{}
	for _, t := range want.all() {
		had[t] = true
	}
	for _, s := range e.Settings {
		if t := (&properties{Settings: []*setting{s}}).all()[0]; had[t] {
			continue
		}
		rel := pgsql.QualifiedIdent(s.Schema, s.Rel)
		switch s.Kind {
		case "table":
			out = append(out, "ALTER TABLE "+rel+" "+s.Action)
		case "column":
			out = append(out, "ALTER TABLE "+rel+" ALTER COLUMN "+pgsql.Ident(s.Name)+" "+s.Action)
		case "index":
			out = append(out, "ALTER INDEX "+pgsql.QualifiedIdent(s.Schema, s.Name)+" "+s.Action)
		case "mark":
			out = append(out, "ALTER TABLE "+rel+" "+s.Action+pgsql.Ident(s.Name))
		case "comment on constraint":
			out = append(out, "COMMENT ON CONSTRAINT "+pgsql.Ident(s.Name)+" ON "+rel+" "+s.Action)
		case "comment on enum":
			out = append(out, "COMMENT ON TYPE "+rel+" "+s.Action)
		}
	}
	return out
}

// sequenceStatements returns what makes the sequences of want those of e. A column that has a sequence
// of its own in both keeps the one that it has, with its name unless the schema file gives
// that to another column. Sequences outside the schema file keep their owners.
func (e *properties) sequenceStatements(want *properties) []string {
	had := map[*sequence]*sequence{} // what the owners of want's sequences have
	moves := map[*sequence]string{}  // the names that want's sequences get
	leftover := map[*sequence]*sequence{}
	for _, w := range want.Sequences {
		if s := e.numbering(w); s != nil {
			had[w] = s
			if s.Name != w.Name {
				moves[w] = s.Name
			}
		}
	}
	for stable := false; !stable; {
		stable = true
		for _, w := range want.Sequences {
			name, ok := moves[w]
			if !ok {
				continue
			}
			c := want.sequence(name)
			switch _, goes := moves[c]; {
			case len(w.Shared()) > 0: // the file knows it by the name
				delete(moves, w)
				stable = false
			case c == nil, goes:
			case c.Owner == "":
				leftover[w] = c
			case c.Own() && SerialSequence(w.Owner) == name:
				moves[c], stable = w.Name, false // both derive the name: the first to come has it
			default:
				delete(moves, w)
				stable = false
			}
		}
	}
	var aside, names, rest []string
	n := 0
	for _, w := range want.Sequences {
		name, ok := moves[w]
		if !ok {
			name = w.Name
		}
		schema := parent(w.Name) + "."
		switch c := leftover[w]; {
		case ok && c != nil:
			names = append(names, "ALTER TABLE "+w.Table()+" ALTER COLUMN "+strings.TrimPrefix(w.Owner, w.Table()+".")+" SET DEFAULT nextval("+pgsql.Literal(name)+")",
				"DROP SEQUENCE "+w.Name, "ALTER SEQUENCE "+name+" OWNED BY "+w.Owner)
			if c.Type != w.Type {
				names = append(names, "ALTER SEQUENCE "+name+" AS "+w.Type)
			}
			continue
		case ok:
			n++
			between := fmt.Sprintf("carried_over_%d", n)
			aside = append(aside, "ALTER SEQUENCE "+w.Name+" RENAME TO "+between)
			names = append(names, "ALTER SEQUENCE "+schema+between+" RENAME TO "+strings.TrimPrefix(name, schema))
		}
		if s := had[w]; s != nil {
			if s.Options != "" && s.Options != w.Options {
				rest = append(rest, "ALTER SEQUENCE "+name+" "+s.Options+" RESTART")
			}
			if s.Comment != "" && s.Comment != w.Comment {
				rest = append(rest, "COMMENT ON SEQUENCE "+name+" IS "+s.Comment)
			}
		}
	}
	for _, s := range e.Sequences {
		if c := want.sequence(s.Name); s.Owner != "" && c != nil && c.Owner == "" && (!s.Serial || slices.Contains(c.Users, s.Owner)) {
			rest = append(rest, "ALTER SEQUENCE "+s.Name+" OWNED BY "+s.Owner)
		}
	}
	if len(names) > 0 {
		// All of them or none.
		rest = append([]string{strings.Join(append(aside, names...), ";\n")}, rest...)
	}
	return rest
}

// numbering returns the sequence that becomes the wanted one, which numbers its owner: the
// column's own, or one that has the name already and that the column owns or draws from.
func (e *properties) numbering(w *sequence) *sequence {
	if !w.Own() {
		return nil
	}
	if s := e.own(w.Owner); s != nil {
		return s
	}
	s := e.sequence(w.Name)
	if s != nil && (s.Owner == w.Owner || s.Owner == "" && slices.Contains(s.Users, w.Owner)) {
		return s
	}
	return nil
}

// constraintSuffixes are what may follow a constraint's definition, the last first.
var constraintSuffixes = []string{"NOT VALID", "NOT ENFORCED", "NO INHERIT", "INITIALLY DEFERRED", "DEFERRABLE"}

var setColumns = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(SET (?:NULL|DEFAULT)) \([^)]*\)`) })

// plainConstraint takes apart what schema.hcl says of a constraint's definition and what
// it cannot say, the latter in the order in which PostgreSQL writes it.
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

// PropertySQL are the statements that give objects what schema.hcl cannot say about them, by
// their names in the catalog.
type PropertySQL struct {
	// Tables are for tables that were made again from what the file says, with all parts.
	Tables map[string][]string
	// Columns and Indexes are for a column or an index that was made again as PostgreSQL
	// defines it.
	Columns, Indexes map[string][]string
}

// PropertySQL returns what schema.hcl cannot say about the state's objects.
func (s *State) PropertySQL(ctx context.Context) (*PropertySQL, error) {
	e, err := s.properties(ctx)
	if err != nil {
		return nil, err
	}
	u := &PropertySQL{Tables: map[string][]string{}, Columns: map[string][]string{}, Indexes: map[string][]string{}}
	for table, part := range e.byTable() {
		if stmts := part.statements(part.plain()); len(stmts) > 0 {
			u.Tables[table] = stmts
		}
	}
	for _, s := range e.Sequences {
		if !s.Serial {
			continue
		}
		table := s.Table()
		if s.Options != "" {
			u.Tables[table] = append(u.Tables[table], "ALTER SEQUENCE "+s.Name+" "+s.Options+" RESTART")
		}
		if s.Comment != "" {
			comment := "COMMENT ON SEQUENCE " + s.Name + " IS " + s.Comment
			u.Tables[table] = append(u.Tables[table], comment)
			u.Columns[s.Owner] = append(u.Columns[s.Owner], comment)
		}
	}
	for _, set := range e.Settings {
		stmts := (&properties{Settings: []*setting{set}}).statements(&properties{})
		switch kind, name, _ := strings.Cut(set.object(), " "); {
		case kind == "column":
			u.Columns[name] = append(u.Columns[name], stmts...)
		case kind == "index" && set.What != "storage parameters":
			u.Indexes[name] = append(u.Indexes[name], stmts...)
		}
	}
	return u, nil
}

func (e *properties) byTable() map[string]*properties {
	m := map[string]*properties{}
	of := func(schema, table string) *properties {
		name := pgsql.QualifiedIdent(schema, table)
		if m[name] == nil {
			m[name] = &properties{}
		}
		return m[name]
	}
	for _, s := range e.Settings {
		if s.Kind != "comment on enum" {
			p := of(s.Schema, s.Rel)
			p.Settings = append(p.Settings, s)
		}
	}
	for _, k := range e.Constraints {
		p := of(k.Schema, k.Table)
		p.Constraints = append(p.Constraints, k)
	}
	return m
}

// plain is what is left of e where only is what schema.hcl says.
func (e *properties) plain() *properties {
	p := &properties{}
	for _, k := range e.Constraints {
		if k.Kind == "x" {
			continue
		}
		c := *k
		c.Def, _ = plainConstraint(k.Kind, k.Def)
		p.Constraints = append(p.Constraints, &c)
	}
	return p
}
