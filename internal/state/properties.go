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

// A Loss is an unmanaged property that an object would lose in the change that the schema file requires.
type Loss struct {
	Object string // "index public.results.ix_results_tags"
	What   string // "storage parameters (fillfactor='70')"
}

func (s Loss) String() string {
	return fmt.Sprintf("%s can't keep its %s", s.Object, s.What)
}

// A LossError means that a change would lose unmanaged properties. Nothing was written.
type LossError struct{ Losses []Loss }

func (e *LossError) Error() string {
	var b strings.Builder
	b.WriteString("nothing was written: the schema file requires a change that would lose what it can't express:")
	for _, s := range e.Losses {
		b.WriteString("\n  " + s.String())
	}
	b.WriteString("\nfirst write the change as SQL (new), or drop what it would lose")
	return b.String()
}

// CarryOver copies unmanaged properties of objects from the replayed to the desired state: storage parameters,
// deferrable keys, exclusion constraints, options of sequences and similar, but not NOT VALID. Then they don't count as
// differences, and an object that is created again keeps them. The error is a *LossError if properties can't be copied
// because the object itself changes.
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
	if len(have.all()) == 0 && len(have.Sequences) == 0 && !slices.ContainsFunc(have.Generated, func(g *generated) bool { return g.Virtual }) {
		return nil, nil
	}
	want, err := desired.properties(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range have.Constraints {
		k.Def = strings.TrimSuffix(k.Def, " NOT VALID") // what the schema file declares is valid
	}
	have.followRenames(replayed.Catalog, desired.Catalog, want)
	declared := definitions(desired.Catalog)
	// The file may make the column nullable.
	have.Settings = slices.DeleteFunc(have.Settings, func(s *setting) bool {
		return strings.HasPrefix(s.What, notNull) && notNullOf(declared[s.object()]) == ""
	})
	stmts := append(have.statements(want), have.sequenceStatements(want)...)
	if len(stmts) > 0 {
		for _, s := range stmts {
			// If a statement fails, its property is missing below.
			if err := desired.db.run.Exec(ctx, s); err != nil && pgsql.SQLState(err) == "" {
				return nil, fmt.Errorf("copying what the schema file can't express: %w", err)
			}
		}
		if err := desired.Refresh(ctx); err != nil {
			return nil, err
		}
		if want, err = desired.properties(ctx); err != nil {
			return nil, err
		}
	}
	declared = definitions(desired.Catalog)
	// The file may remove the sequence or the identity itself.
	all := *have
	have.Sequences = slices.DeleteFunc(slices.Clone(have.Sequences), func(s *sequence) bool {
		w := want.own(s.Owner)
		return w == nil || w.Name != s.Name && all.sequence(w.Name) != nil // the column has no sequence now, or another one
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

// definitions returns the definitions of objects by their kind and name.
func definitions(c catalog.Catalog) map[string]string {
	m := map[string]string{}
	for l := range c.All() {
		if !l.Comment {
			m[l.Kind+" "+l.Name] = l.Def
		}
	}
	return m
}

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

// statements returns the statements that add the properties of e that the objects of want lack.
func (e *properties) statements(want *properties) []string {
	var out []string
	for _, g := range e.Generated {
		if w := want.generated(g.Schema, g.Table, g.Name); g.Virtual && w != nil && !w.Virtual && !w.Indexed {
			out = append(out, w.Recreate)
		}
	}
	// Foreign keys with a PERIOD refer to keys WITHOUT OVERLAPS. All of them change or none.
	var drop, keys, add []string
	for _, k := range e.Constraints {
		table := "ALTER TABLE " + pgsql.QualifiedIdent(k.Schema, k.Table)
		addDef := "ADD CONSTRAINT " + pgsql.Ident(k.Name) + " "
		w := want.constraint(k.Schema, k.Table, k.Name)
		if k.Kind == "x" {
			if w == nil {
				out = append(out, table+" "+addDef+k.Def)
			}
			continue
		}
		plain, more := plainConstraint(k.Kind, k.Def)
		if w == nil || w.Kind != k.Kind || len(more) == 0 {
			continue
		}
		def := k.Def
		if d, _ := plainConstraint(w.Kind, w.Def); d != plain {
			// The managed part changes, and the suffixes remain.
			def = d
			for _, m := range more {
				if slices.Contains(constraintSuffixes, m) {
					def += " " + m
				}
			}
		}
		if def != w.Def {
			name := " DROP CONSTRAINT " + pgsql.Ident(k.Name)
			switch {
			case slices.Contains(more, "PERIOD") && def == k.Def:
				drop, add = append(drop, table+name), append(add, table+" "+addDef+def)
				continue
			case slices.Contains(more, "WITHOUT OVERLAPS"):
				keys = append(keys, table+name+", "+addDef+def)
			default:
				out = append(out, table+name+", "+addDef+def)
			}
			if w.Comment != nil {
				out = append(out, "COMMENT ON INDEX "+pgsql.QualifiedIdent(w.Schema, w.Name)+" IS "+*w.Comment)
			}
		}
	}
	if temporal := slices.Concat(drop, keys, add); len(temporal) > 0 {
		out = append([]string{strings.Join(temporal, ";\n")}, out...)
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
		case "comment on index":
			out = append(out, "COMMENT ON INDEX "+pgsql.QualifiedIdent(s.Schema, s.Name)+" "+s.Action)
		case "comment on enum":
			out = append(out, "COMMENT ON TYPE "+rel+" "+s.Action)
		}
	}
	return out
}

// sequenceStatements returns the statements that make the sequences of want equal to those of e. A column that owns a
// sequence in both keeps the existing one, and its name unless the schema file needs that for another column. Unmanaged
// sequences keep their owners.
func (e *properties) sequenceStatements(want *properties) []string {
	had := map[*sequence]*sequence{} // from want's sequences to the existing ones of their owners
	moves := map[*sequence]string{}  // the new names of want's sequences
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
			case len(w.Shared()) > 0: // other columns refer to it by name
				delete(moves, w)
				stable = false
			case c == nil, goes:
			case c.Owner == "":
				leftover[w] = c
			case c.Own() && SerialSequence(w.Owner) == name:
				moves[c], stable = w.Name, false // both names are derived: the first column gets the name
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

// numbering returns the existing sequence that becomes w: the one that w's owner owns and uses, or else one with the
// same name that the owner owns or uses. It returns nil if there is none.
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

// PropertySQL are the statements that set the unmanaged properties of objects, by their names in the catalog.
type PropertySQL struct {
	// Tables are for tables that were created again, with all parts, from what the schema file can express.
	Tables map[string][]string
	// Columns and Indexes are for columns and indexes that were created again from PostgreSQL's definitions.
	Columns, Indexes map[string][]string
}

// PropertySQL returns the statements that set the unmanaged properties of the state's objects.
func (s *State) PropertySQL(ctx context.Context) (*PropertySQL, error) {
	e, err := s.properties(ctx)
	if err != nil {
		return nil, err
	}
	// Unmanaged constraints are restored as a whole.
	managed, _ := Split(s.Catalog)
	unmanaged := func(object string) bool {
		name, ok := strings.CutPrefix(object, "constraint ")
		_, known := managed.Def("constraint", name)
		return ok && !known
	}
	e.Constraints = slices.DeleteFunc(e.Constraints, func(k *constraint) bool { return unmanaged(k.object()) })
	e.Settings = slices.DeleteFunc(e.Settings, func(s *setting) bool { return unmanaged(s.object()) })
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
	for _, g := range e.Generated {
		p := of(g.Schema, g.Table)
		p.Generated = append(p.Generated, g)
	}
	return m
}

// plain returns e without unmanaged properties.
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
	for _, g := range e.Generated {
		stored := *g
		stored.Virtual = false
		p.Generated = append(p.Generated, &stored)
	}
	return p
}
