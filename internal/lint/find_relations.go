package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// renamed finds what has another name now.
func (f *finder) renamed(s *step) {
	for _, oid := range sorted(s.before.schemas) {
		from := s.before.schemas[oid]
		if to, ok := s.after.schemas[oid]; ok && to != from && f.base.schemas[oid] != "" {
			f.add(s, "rename-schema", Diagnostic{
				Text: fmt.Sprintf("renaming schema %s to %s breaks all that still uses the old name", pgsql.Ident(from), pgsql.Ident(to)),
				Fix:  fix.Words("make a new schema, and move what is in the old one when its readers have moved"),
			})
		}
	}
	for _, oid := range sorted(s.before.relations) {
		b, a := f.old(s, oid), s.after.relations[oid]
		if b == nil || a == nil {
			continue
		}
		f.renamedRelation(s, b, a)
		for _, n := range sortedColumns(b) {
			was, is := b.columns[n], a.columns[n]
			if is != nil && is.Name != was.Name && b.isView() {
				d := f.about(s, b)
				d.Column = pgsql.Ident(was.Name)
				d.Text = fmt.Sprintf("renaming column %s of view %s breaks all that still uses the old name", d.Column, b.sql())
				d.Fix = fix.Words("make a new view beside the old one, or append the column under the new name by CREATE OR REPLACE VIEW")
				f.add(s, "view-columns-changed", d)
			}
			if is == nil || is.Name == was.Name || !b.isTable() || !f.oldColumn(oid, n) || !s.direct(b) || f.viewHas(b, was.Name) {
				continue
			}
			d := f.about(s, b)
			d.Column = pgsql.Ident(was.Name)
			d.Text = fmt.Sprintf("renaming column %s.%s to %s breaks all that still uses the old name", b.sql(), d.Column, pgsql.Ident(is.Name))
			d.Fix = s.before.rename(b, was, is.Name)
			f.add(s, "rename-column", d)
		}
	}
	f.renamedObjects(s)
}

func (f *finder) renamedRelation(s *step, b, a *relation) {
	if b.Name == a.Name && b.Schema == a.Schema || b.Kind == "S" || b.Kind == "i" || b.Kind == "I" {
		return
	}
	moved := b.Schema != a.Schema
	if moved && b.Name == a.Name && f.schemaRenamed(s, b.Schema, a.Schema) {
		return
	}
	if left := f.end.find(b.Schema, b.Name); left != nil && left.Schema == b.Schema && lostColumns(b, left) == "" {
		return // what uses the old name finds all it knows
	}
	d := f.about(s, b)
	view := fix.KeepName(s.stmt.Text, b.sql(), a.sql())
	switch {
	case b.isView():
		d.Text = fmt.Sprintf("renaming view %s to %s breaks all that still uses the old name", b.sql(), a.sql())
		d.Fix = fix.Words("make a new view beside the old one, and drop the old one later")
		f.add(s, "rename-view", d)
	case moved:
		d.Text = fmt.Sprintf("moving table %s to %s breaks all that still uses the old name", b.sql(), a.sql())
		d.Fix = view
		f.add(s, "move-table-schema", d)
	case b.isTable() && s.direct(b):
		d.Text = fmt.Sprintf("renaming table %s to %s breaks all that still uses the old name", b.sql(), a.sql())
		d.Fix = view
		f.add(s, "rename-table", d)
	}
}

// viewHas reports whether the table was renamed in the file and a view of its old name has the column.
func (f *finder) viewHas(t *relation, column string) bool {
	was := f.start.relations[t.OID]
	if was == nil {
		return false
	}
	view := f.end.find(was.Schema, was.Name)
	return view != nil && view.OID != t.OID && view.column(column) != nil
}

func (f *finder) schemaRenamed(s *step, from, to string) bool {
	for oid, name := range s.before.schemas {
		if name == from {
			return s.after.schemas[oid] == to
		}
	}
	return false
}

// renamedObjects finds renamed functions, types, values of enums and constraints.
func (f *finder) renamedObjects(s *step) {
	report := func(kind, from, to string) {
		f.add(s, "rename-view", Diagnostic{
			Text: fmt.Sprintf("renaming %s %s to %s breaks all that still uses the old name", kind, from, to),
			Fix:  fix.Words("make a new one beside the old one, and drop the old one later"),
		})
	}
	for _, oid := range sorted(s.before.functions) {
		b, a := s.before.functions[oid], s.after.functions[oid]
		if a != nil && f.base.functions[oid] != nil && (a.Name != b.Name || a.Schema != b.Schema && !f.schemaRenamed(s, b.Schema, a.Schema)) {
			report("function", sqlName(b.Schema, b.Name), sqlName(a.Schema, a.Name))
		}
	}
	for _, oid := range sorted(s.before.types) {
		b, a := s.before.types[oid], s.after.types[oid]
		if a == nil || f.base.types[oid] == nil {
			continue
		}
		if (a.Name != b.Name || a.Schema != b.Schema && !f.schemaRenamed(s, b.Schema, a.Schema)) && !f.recreated(b) {
			report("type", sqlName(b.Schema, b.Name), sqlName(a.Schema, a.Name))
		}
		for i, label := range b.LabelOIDs {
			j := slices.Index(a.LabelOIDs, label)
			if j >= 0 && a.Labels[j] != b.Labels[i] && slices.Contains(f.base.types[oid].LabelOIDs, label) {
				f.add(s, "rename-enum-value", Diagnostic{
					Text: fmt.Sprintf("renaming value %s of type %s to %s breaks all that still uses the old value", pgsql.Literal(b.Labels[i]), sqlName(b.Schema, b.Name), pgsql.Literal(a.Labels[j])),
					Fix:  fix.AddEnumValue(sqlName(b.Schema, b.Name), a.Labels[j]),
				})
			}
		}
	}
	for _, oid := range sorted(s.before.constraints) {
		b, a := s.before.constraints[oid], s.after.constraints[oid]
		if t := f.old(s, b.Table); a != nil && t != nil && f.base.constraints[oid] != nil && a.Name != b.Name && b.Parent == 0 {
			d := f.about(s, t)
			d.Text = fmt.Sprintf("renaming constraint %s of table %s breaks what uses its name", pgsql.Ident(b.Name), t.sql())
			f.add(s, "rename-constraint", d)
		}
	}
}

// relations finds changed properties of tables.
func (f *finder) relations(s *step) {
	for _, oid := range sorted(s.before.relations) {
		b, a := f.old(s, oid), s.after.relations[oid]
		if b == nil || a == nil {
			continue
		}
		if b.Persistence != a.Persistence && b.isTable() && s.named(b) {
			f.rewrite(s, b, "set-logged-rewrite", "changing whether it is logged")
		}
		if b.AccessMethod != a.AccessMethod && b.AccessMethod != 0 {
			f.rewrite(s, b, "set-access-method", "changing its access method")
		}
		if b.ReplicaIdent != a.ReplicaIdent && b.isTable() {
			d := f.about(s, b)
			d.Text = fmt.Sprintf("changing the replica identity of table %s gives its subscribers other keys, under %s", f.name(b), lockName(d.Lock))
			d.Fix = fix.Words("check the subscribers first")
			f.add(s, "replica-identity-change", d)
		}
		for _, option := range a.Options {
			name, value, _ := strings.Cut(option, "=")
			if name == "autovacuum_enabled" && !slices.Contains(b.Options, option) && slices.Contains([]string{"false", "off", "no", "0"}, strings.ToLower(value)) {
				d := f.about(s, b)
				d.Text = fmt.Sprintf("without autovacuum the dead rows of table %s are never cleaned away", f.name(b))
				d.Fix = fix.TuneAutovacuum(b.sql())
				f.add(s, "autovacuum-disabled", d)
			}
		}
		f.security(s, b, a)
	}
}

// rewrite reports a table that the statement rewrites.
func (f *finder) rewrite(s *step, t *relation, name, what string) {
	d := f.about(s, t)
	d.Text = fmt.Sprintf("%s rewrites table %s under %s: reads and writes wait until it is done, and it is kept %s", what, f.name(t), lockName(d.Lock), f.until(s))
	d.Fix = fix.Words("make a new table, fill it in batches, and swap the two; or use pg_repack")
	f.add(s, name, d)
}

// unsaid finds tables that have other files now, or were read under a strong lock, of which no rule has said anything.
func (f *finder) unsaid(s *step) {
	switch s.st.Verb {
	case "CLUSTER", "REFRESH", "REINDEX", "TRUNCATE", "VACUUM":
		return // the text's own finding says it
	}
	for _, oid := range sorted(s.before.relations) {
		t := f.oldTable(s, oid)
		if t == nil || f.saidOf(s, t) {
			continue
		}
		d := f.about(s, t)
		switch {
		case s.rewritten(oid):
			d.Text = fmt.Sprintf("the statement rewrites or empties table %s under %s: reads and writes wait until it is done, and it is kept %s", f.name(t), lockName(d.Lock), f.until(s))
			d.Fix = fix.Words("make a new table or column, fill it in batches, and swap the two")
			f.add(s, "table-rewrite", d)
		case s.scanned(oid) && strength[d.Lock] >= strength[shareLock] && strength[d.Lock] > strength[s.kept(oid)]:
			d.Text = fmt.Sprintf("the statement reads all of table %s under %s: writes wait until it is done, and it is kept %s", f.name(t), lockName(d.Lock), f.until(s))
			d.Fix = fix.Words("take the lock and read the table in transactions of their own")
			f.add(s, "table-scan", d)
		}
	}
}

// saidOf reports whether a rule has named the table or at one that it is a partition of.
func (f *finder) saidOf(s *step, t *relation) bool {
	for ; t != nil; t = s.before.relations[t.Parent] {
		if f.said[t.sql()] {
			return true
		}
	}
	return false
}

// security finds changes of who sees which rows.
func (f *finder) security(s *step, b, a *relation) {
	on := b.RLS != a.RLS && a.RLS || b.ForceRLS != a.ForceRLS && a.ForceRLS
	off := b.RLS != a.RLS && !a.RLS || b.ForceRLS != a.ForceRLS && !a.ForceRLS
	if on && !f.newPolicy(b.OID) {
		d := f.about(s, b)
		d.Text = fmt.Sprintf("row level security on table %s hides rows from roles that no policy covers", b.sql())
		d.Fix = fix.PolicyFirst(b.sql(), pgsql.Ident(pgsql.Fit(b.Name, "_rows")), s.stmt.Text)
		f.add(s, "enable-rls", d)
	}
	if off {
		d := f.about(s, b)
		d.Text = fmt.Sprintf("without row level security on table %s every row can be seen by whoever has privileges", b.sql())
		d.Fix = fix.Words("have it reviewed")
		f.add(s, "disable-rls", d)
	}
	if at := f.start.relations[b.OID]; !a.RLS || at == nil || !at.RLS {
		return // policies count for nothing yet, or come with it
	}
	for _, oid := range sorted(union(s.before.policies, s.after.policies)) {
		was, is := s.before.policies[oid], s.after.policies[oid]
		p := is
		if p == nil {
			p = was
		}
		if p.Table != b.OID || was != nil && is != nil || was != nil && f.base.policies[oid] == nil {
			continue
		}
		d := f.about(s, b)
		switch opens := p.Permissive == (is != nil); {
		case opens && is != nil:
			d.Text = fmt.Sprintf("permissive policy %s lets more rows of table %s be seen", pgsql.Ident(p.Name), b.sql())
		case opens:
			d.Text = fmt.Sprintf("without restrictive policy %s more rows of table %s can be seen", pgsql.Ident(p.Name), b.sql())
		case is != nil:
			d.Text = fmt.Sprintf("restrictive policy %s hides rows of table %s", pgsql.Ident(p.Name), b.sql())
		default:
			d.Text = fmt.Sprintf("without policy %s rows of table %s disappear for those that it let in", pgsql.Ident(p.Name), b.sql())
		}
		d.Fix = fix.Words("have it reviewed")
		if p.Permissive == (is != nil) {
			f.add(s, "disable-rls", d)
		} else {
			f.add(s, "enable-rls", d)
		}
	}
}

func union[T any](a, b map[uint32]T) map[uint32]T {
	m := make(map[uint32]T, len(a))
	for k, v := range a {
		m[k] = v
	}
	for k, v := range b {
		m[k] = v
	}
	return m
}

// newPolicy reports whether the table has policies when the file is done.
func (f *finder) newPolicy(table uint32) bool {
	for _, p := range f.end.policies {
		if p.Table == table {
			return true
		}
	}
	return false
}
