package state

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

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
