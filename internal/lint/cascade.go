package lint

import (
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// cascade finds what CASCADE dropped.
func cascade(s *step) (found findings) {
	if !s.st.Cascade && !slices.ContainsFunc(s.st.Actions, pgsql.Action.Cascade) {
		return found
	}
	lost, tables := takenAlong(s)
	if len(lost) == 0 {
		return found
	}
	d := Diagnostic{Fix: fix.Words("first drop each by name, then the rest without CASCADE:\n" + strings.Join(lost, "\n"))}
	switch r := s.target(); {
	case s.st.Verb == "ALTER TABLE" && r != nil, len(tables) == 0 && r != nil:
		d.Table, d.Lock, d.Held = r.sql(), s.lock(r.OID), s.held(r.OID)
	case len(tables) > 0:
		d.Table, d.Lock, d.Held = tables[0].sql(), s.lock(tables[0].OID), s.held(tables[0].OID)
	}
	d.Text = "CASCADE drops what the statement doesn't name: " + strings.Join(lost, ", ")
	found.add(s, "drop-cascade", d)
	return found
}

// takenAlong returns what the statement dropped without naming it, and the tables that lost something.
func takenAlong(s *step) (lost []string, tables []*relation) {
	for _, oid := range s.touched() {
		b, a := s.old(oid), s.after.relations.Get(oid)
		switch {
		case b == nil || inDroppedSchema(s, b):
		case a == nil && b.isView() && !s.named(b):
			lost = append(lost, "view "+b.sql())
		case a == nil && b.isTable() && !s.named(b) && s.before.relations.Get(b.Parent) == nil:
			lost = append(lost, "table "+b.sql())
		case a != nil && b.isTable() && s.direct(b):
			n := len(lost)
			for _, num := range sorted(b.columns) {
				c := b.columns[num]
				switch after := a.columns[num]; {
				case after == nil && !s.named(b):
					lost = append(lost, "column "+b.sql()+"."+pgsql.Ident(c.Name))
				case after != nil && c.Default != "" && after.Default == "" && s.st.Verb != "ALTER TABLE":
					lost = append(lost, "the default of column "+b.sql()+"."+pgsql.Ident(c.Name))
				}
			}
			if len(lost) > n {
				tables = append(tables, b)
			}
		}
	}
	for oid := range changed(s.before.triggers, s.after.triggers) {
		tr := s.before.triggers.Get(oid)
		if t := s.old(tr.Table); s.after.triggers.Get(oid) == nil && !tr.Internal && s.trace.base.triggers.Get(oid) != nil && t != nil && s.after.relations.Get(tr.Table) != nil && s.st.Verb != "DROP TRIGGER" {
			lost = append(lost, "trigger "+pgsql.Ident(tr.Name)+" of table "+t.sql())
			tables = append(tables, t)
		}
	}
	for oid := range changed(s.before.constraints, s.after.constraints) {
		c := s.before.constraints.Get(oid)
		t := s.old(c.Table)
		if s.after.constraints.Get(oid) != nil || s.trace.base.constraints.Get(oid) == nil || t == nil || s.after.relations.Get(c.Table) == nil || c.Parent != 0 ||
			s.named(t) && c.References != t.OID {
			continue
		}
		if after := s.after.relations.Get(c.Table); slices.ContainsFunc(c.Columns, func(n int16) bool { return n > 0 && after.columns[n] == nil }) {
			continue // it was dropped with its column
		}
		if s.named(t) {
			continue
		}
		lost = append(lost, constraintKinds[c.Kind]+" "+pgsql.Ident(c.Name)+" of table "+t.sql())
		tables = append(tables, t)
	}
	return lost, tables
}
