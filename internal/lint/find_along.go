package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// lockedParents finds referenced tables that a dropped foreign key locks.
func (f *finder) lockedParents(s *step) {
	for _, oid := range sorted(s.before.constraints) {
		c := s.before.constraints[oid]
		parent, child := f.old(s, c.References), f.old(s, c.Table)
		if c.Kind != "f" || s.after.constraints[oid] != nil || c.Parent != 0 || parent == nil || child == nil ||
			parent == child || s.after.relations[c.References] == nil || s.hasConstraintNamed(c) || !s.named(child) {
			continue
		}
		d := f.about(s, parent)
		if strength[d.Lock] < strength[accessExclusiveLock] {
			continue
		}
		d.Text = fmt.Sprintf("dropping foreign key %s of table %s takes %s on %s too, so its reads and writes wait; it is kept %s",
			pgsql.Ident(c.Name), child.sql(), lockName(d.Lock), f.name(parent), f.until(s))
		d.Fix = fix.Words("drop one foreign key in a file of its own, so that the lock is kept for a moment only")
		f.add(s, "drop-fk-locks-parent", d)
	}
}

// cascade finds what CASCADE took along.
func (f *finder) cascade(s *step) {
	if !s.st.Cascade && !slices.ContainsFunc(s.st.Actions, pgsql.Action.Cascade) {
		return
	}
	lost, tables := f.takenAlong(s)
	if len(lost) == 0 {
		return
	}
	d := Diagnostic{Fix: fix.Words("drop each by name first, then the rest without CASCADE:\n" + strings.Join(lost, "\n"))}
	switch r := f.target(s); {
	case s.st.Verb == "ALTER TABLE" && r != nil, len(tables) == 0 && r != nil:
		d.Table, d.Lock = r.sql(), s.lock(r.OID)
	case len(tables) > 0:
		d.Table, d.Lock = tables[0].sql(), s.lock(tables[0].OID)
	}
	d.Text = "CASCADE takes along what the statement does not name: " + strings.Join(lost, ", ")
	f.add(s, "drop-cascade", d)
}

// takenAlong names what the statement dropped without naming it, and the tables that lost something.
func (f *finder) takenAlong(s *step) (lost []string, tables []*relation) {
	for _, oid := range sorted(s.before.relations) {
		b, a := f.old(s, oid), s.after.relations[oid]
		switch {
		case b == nil || f.inDroppedSchema(s, b):
		case a == nil && b.isView() && !s.named(b):
			lost = append(lost, "view "+b.sql())
		case a == nil && b.isTable() && !s.named(b) && s.before.relations[b.Parent] == nil:
			lost = append(lost, "table "+b.sql())
		case a != nil && b.isTable() && s.direct(b):
			n := len(lost)
			for _, num := range sortedColumns(b) {
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
	for _, oid := range sorted(s.before.triggers) {
		tr := s.before.triggers[oid]
		if t := f.old(s, tr.Table); s.after.triggers[oid] == nil && !tr.Internal && f.base.triggers[oid] != nil && t != nil && s.after.relations[tr.Table] != nil && s.st.Verb != "DROP TRIGGER" {
			lost = append(lost, "trigger "+pgsql.Ident(tr.Name)+" of table "+t.sql())
			tables = append(tables, t)
		}
	}
	for _, oid := range sorted(s.before.constraints) {
		c := s.before.constraints[oid]
		t := f.old(s, c.Table)
		if s.after.constraints[oid] != nil || f.base.constraints[oid] == nil || t == nil || s.after.relations[c.Table] == nil || c.Parent != 0 ||
			s.named(t) && c.References != t.OID {
			continue
		}
		if after := s.after.relations[c.Table]; slices.ContainsFunc(c.Columns, func(n int16) bool { return n > 0 && after.columns[n] == nil }) {
			continue // it went with its column
		}
		if s.named(t) {
			continue
		}
		lost = append(lost, constraintKinds[c.Kind]+" "+pgsql.Ident(c.Name)+" of table "+t.sql())
		tables = append(tables, t)
	}
	return lost, tables
}

// goneObjects finds dropped functions, types and extensions.
func (f *finder) goneObjects(s *step) {
	for _, oid := range sorted(s.before.functions) {
		p := s.before.functions[oid]
		if s.after.functions[oid] != nil || f.base.functions[oid] == nil {
			continue
		}
		again := false
		for _, a := range f.end.functions {
			again = again || a.Schema == p.Schema && a.Name == p.Name && a.Args == p.Args
		}
		if !again {
			f.add(s, "drop-function", Diagnostic{
				Text: fmt.Sprintf("dropping %s breaks all that still calls it", p.sql()),
				Fix:  fix.Words("deploy its callers first, and drop it in a later release"),
			})
		}
	}
	for _, oid := range sorted(s.before.types) {
		t := s.before.types[oid]
		if s.after.types[oid] != nil || f.base.types[oid] == nil || f.recreated(t) || !f.extensionStays(s) {
			continue
		}
		f.add(s, "drop-type", Diagnostic{
			Text: fmt.Sprintf("dropping type %s breaks all that still names it", sqlName(t.Schema, t.Name)),
			Fix:  fix.Words("drop the columns that have it first, and the type without CASCADE"),
		})
	}
	for _, oid := range sorted(s.before.extensions) {
		e := s.before.extensions[oid]
		if f.base.extensions[oid] == nil {
			continue
		}
		if s.after.extensions[oid] == nil {
			f.add(s, "drop-extension", Diagnostic{
				Text: fmt.Sprintf("dropping extension %s drops its functions, types and operators", pgsql.Ident(e.Name)),
				Fix:  fix.Words("check what uses them, and drop it without CASCADE"),
			})
		}
	}
}

func (f *finder) extensionStays(s *step) bool {
	for oid := range s.before.extensions {
		if s.after.extensions[oid] == nil {
			return false
		}
	}
	return true
}

// recreated reports whether the file makes an enum anew: a column of the old type has a new one.
func (f *finder) recreated(t *typ) bool {
	if t.Kind != "e" {
		return false
	}
	for oid, b := range f.base.relations {
		e := f.end.relations[oid]
		for n, c := range b.columns {
			if c.Type != t.OID || e == nil || e.columns[n] == nil {
				continue
			}
			if now := f.end.types[e.columns[n].Type]; now != nil && now.Kind == "e" && now.OID != t.OID {
				return true
			}
		}
	}
	return false
}

func (p *function) sql() string {
	kind := map[string]string{"p": "procedure", "a": "aggregate"}[p.Kind]
	if kind == "" {
		kind = "function"
	}
	return fmt.Sprintf("%s %s(%s)", kind, sqlName(p.Schema, p.Name), p.Args)
}
