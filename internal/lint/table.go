package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// droppedRelations finds dropped tables, columns, views and sequences.
func droppedRelations(s *step) (found findings) {
	for _, oid := range s.touched() {
		r := s.old(oid)
		if r == nil || inDroppedSchema(s, r) {
			continue
		}
		switch a := s.after.relations.Get(oid); {
		case a != nil:
			found = append(found, droppedColumns(s, r, a)...)
		case r.isTable():
			found = append(found, droppedTable(s, r)...)
		case r.isView():
			found = append(found, droppedView(s, r)...)
		case r.Kind == "S":
			found = append(found, droppedSequence(s, r)...)
		}
	}
	return found
}

func droppedTable(s *step, r *relation) (found findings) {
	if !s.named(r) {
		// Partitions are dropped with their table, others by CASCADE.
		return found
	}
	d := s.about(r)
	d.Text = fmt.Sprintf("dropping table %s deletes its data and breaks everything that still uses it", s.name(r))
	d.Fix = fix.Words("stop using the table in one release, then drop it in a later one, once it is known to be empty or archived")
	d.Query = fix.CountRows(r.sql(), "")
	found.add(s, "drop-table", d)
	if a := s.end().find(r.Schema, r.Name); a != nil && a.isTable() && a.OID != r.OID {
		d := s.about(r)
		d.Text = fmt.Sprintf("table %s is dropped and recreated, and loses its rows", s.name(r))
		d.Fix = fix.Words("use ALTER TABLE")
		found.add(s, "create-table-force", d)
	}
	if parent := s.old(r.Parent); parent != nil && s.after.relations.Get(r.Parent) != nil {
		d := s.about(parent)
		d.Text = fmt.Sprintf("dropping partition %s takes %s on its parent %s, which blocks reads and writes of all partitions %s", r.sql(), lockName(d.Lock), s.name(parent), s.until())
		if s.trace.target.major >= 14 {
			d.Fix = fix.DetachAndDrop(r.sql(), parent.sql())
		}
		found.add(s, "drop-partition-locks-parent", d)
	}
	return found
}

func droppedSequence(s *step, r *relation) (found findings) {
	if owner := s.after.relations.Get(r.OwnerTable); r.OwnerKind == "i" || r.OwnerTable != 0 && (owner == nil || owner.columns[r.OwnerColumn] == nil) {
		return nil // dropped with its column
	}
	if s.passedOn(r) {
		return nil
	}
	found.add(s, "drop-sequence", Diagnostic{
		Table: r.sql(),
		Text:  fmt.Sprintf("dropping sequence %s loses its position and breaks everything that still uses it", r.sql()),
		Fix:   fix.Words("first remove it from column defaults, and note its last_value"),
		Query: fix.LastValue(r.sql()),
	})
	return found
}

// passedOn reports whether the file has set another sequence to the next number of a dropped one.
func (s *step) passedOn(seq *relation) bool {
	for _, o := range s.trace.steps {
		w := o.st.Rest
		if o == s || o.st.Verb != "SELECT" || !w.Anywhere("SETVAL", "(") {
			continue
		}
		for i := range w {
			if !w.Starts(i, "NEXTVAL", "(") || i+2 >= len(w) {
				continue
			}
			if r := o.before.literal(w[i+2]); r != nil && r.OID == seq.OID {
				return true
			}
		}
	}
	return false
}

// renamedRelations finds renamed tables, views and columns.
func renamedRelations(s *step) (found findings) {
	for _, oid := range s.touched() {
		b, a := s.old(oid), s.after.relations.Get(oid)
		if b == nil || a == nil {
			continue
		}
		found = append(found, renamedRelation(s, b, a)...)
		found = append(found, renamedColumns(s, b, a)...)
	}
	return found
}

func renamedRelation(s *step, b, a *relation) (found findings) {
	if !s.renames(b.Schema, b.Name, a.Schema, a.Name) || b.Kind == "S" || b.Kind == "i" || b.Kind == "I" {
		return found
	}
	moved := b.Schema != a.Schema
	if left := s.end().find(b.Schema, b.Name); left != nil && left.Schema == b.Schema && lostColumns(b, left) == "" {
		return nil // queries that use the old name still work
	}
	d := s.about(b)
	view := fix.KeepName(s.stmt.Text, b.sql(), a.sql())
	switch {
	case b.isView():
		d.Text = fmt.Sprintf("renaming view %s to %s breaks everything that still uses the old name", b.sql(), a.sql())
		d.Fix = fix.Words("create a new view next to the old one, and drop the old one later")
		found.add(s, "rename-view", d)
	case moved:
		d.Text = fmt.Sprintf("moving table %s to %s breaks everything that still uses the old name", b.sql(), a.sql())
		d.Fix = view
		found.add(s, "move-table-schema", d)
	case b.isTable() && s.direct(b):
		d.Text = fmt.Sprintf("renaming table %s to %s breaks everything that still uses the old name", b.sql(), a.sql())
		d.Fix = view
		found.add(s, "rename-table", d)
	}
	return found
}

// changedTables finds changed properties of tables.
func changedTables(s *step) (found findings) {
	for _, oid := range s.touched() {
		b, a := s.old(oid), s.after.relations.Get(oid)
		if b == nil || a == nil {
			continue
		}
		if b.Persistence != a.Persistence && b.isTable() && s.named(b) {
			found = append(found, rewrite(s, b, "set-logged-rewrite", "changing whether it is logged")...)
		}
		if b.AccessMethod != a.AccessMethod && b.AccessMethod != 0 {
			found = append(found, rewrite(s, b, "set-access-method", "changing its access method")...)
		}
		if b.ReplicaIdent != a.ReplicaIdent && b.isTable() {
			d := s.about(b)
			d.Text = fmt.Sprintf("changing the replica identity of table %s gives its subscribers different keys, under %s", s.name(b), lockName(d.Lock))
			d.Fix = fix.Words("check the subscribers first")
			found.add(s, "replica-identity-change", d)
		}
		for _, option := range a.Options {
			name, value, _ := strings.Cut(option, "=")
			if name == "autovacuum_enabled" && !slices.Contains(b.Options, option) && slices.Contains([]string{"false", "off", "no", "0"}, strings.ToLower(value)) {
				d := s.about(b)
				d.Text = fmt.Sprintf("without autovacuum, dead rows of table %s are never removed", s.name(b))
				d.Fix = fix.TuneAutovacuum(b.sql())
				found.add(s, "autovacuum-disabled", d)
			}
		}
		found = append(found, changedRowSecurity(s, b, a)...)
	}
	return found
}

// rewrite reports a table that the statement rewrites.
func rewrite(s *step, t *relation, name, what string) (found findings) {
	d := s.about(t)
	d.Text = fmt.Sprintf("%s rewrites table %s under %s, which blocks reads and writes %s", what, s.name(t), lockName(d.Lock), s.until())
	d.Fix = fix.Words("create a new table, fill it in batches, then swap the two; or use pg_repack")
	found.add(s, name, d)
	return found
}

// alterText finds actions of ALTER by their text, because the scratch server may reject what the real one accepts.
func alterText(s *step, t *relation) (found findings) {
	if t == nil {
		return found
	}
	for _, a := range s.st.Actions {
		if number, ok := a.Rest.Restart(); ok && a.Verb == "ALTER COLUMN" {
			d := Diagnostic{Table: t.sql(), Column: pgsql.Ident(a.Name.Name)}
			d.Text = fmt.Sprintf("restarting %s.%s hands out numbers that are already in use", t.sql(), d.Column)
			found = append(found, restart(s, s.before.sequence(t.column(a.Name.Name)), d, number)...)
		}
		switch {
		case a.Verb == "SET TABLESPACE" && (!s.ran() || s.rewritten(t.OID)):
			d := s.about(t)
			d.Lock = hazard.AccessExclusive
			d.Text = fmt.Sprintf("moving %s to another tablespace copies its files under %s, which blocks reads and writes until it is done", s.name(t), lockName(hazard.AccessExclusive))
			d.Fix = fix.Words("use pg_repack, or a new table")
			found.add(s, "set-tablespace", d)
		case a.Verb == "SET ACCESS" && !s.ran():
			found = append(found, rewrite(s, t, "set-access-method", "changing its access method")...)
		case a.Verb == "DISABLE TRIGGER" && !s.ran():
			d := s.about(t)
			d.Text = fmt.Sprintf("rows written while triggers of table %s are disabled are never checked, not even by foreign keys", t.sql())
			d.Fix = fix.Words("leave triggers enabled")
			found.add(s, "disable-trigger", d)
		}
	}
	return found
}

func vacuum(s *step) (found findings) {
	if !s.st.On("full") {
		return found
	}
	if len(s.st.Targets) == 0 {
		found.add(s, "vacuum-full", Diagnostic{Lock: hazard.AccessExclusive, Text: "VACUUM FULL rewrites all tables and blocks their reads and writes until it is done", Fix: fix.Words("use VACUUM, or pg_repack")})
	}
	for _, q := range s.st.Targets {
		if t := s.before.find(q.Schema, q.Name); t != nil && s.oldTable(t.OID) != nil {
			found.add(s, "vacuum-full", Diagnostic{
				Table: t.sql(), Lock: hazard.AccessExclusive,
				Text: fmt.Sprintf("VACUUM FULL rewrites table %s under %s, which blocks reads and writes until it is done", s.name(t), lockName(hazard.AccessExclusive)),
				Fix:  fix.Vacuum(t.sql()),
			})
		}
	}
	return found
}

// skipped finds an object that IF NOT EXISTS skipped although its definition differs.
func skipped(s *step) (found findings) {
	if s.otherwise == "" {
		return nil
	}
	d := Diagnostic{Fix: fix.Words("use ALTER TABLE, or omit IF NOT EXISTS")}
	if len(s.st.Targets) > 0 {
		d.Table = sqlName(cmp.Or(s.st.Targets[0].Schema, "public"), s.st.Targets[0].Name)
	}
	d.Text = fmt.Sprintf("IF NOT EXISTS does nothing: table %s exists and %s", d.Table, s.otherwise)
	found.add(s, "if-not-exists-noop", d)
	return found
}

// lostColumns returns the first of a relation's columns that its replacement lacks or has with another type, "" if
// there is none.
func lostColumns(before, after *relation) string {
	for _, n := range sorted(before.columns) {
		c := before.columns[n]
		switch a := after.column(c.Name); {
		case a == nil:
			return "without column " + pgsql.Ident(c.Name)
		case a.TypeText != c.TypeText:
			return fmt.Sprintf("with column %s as %s instead of %s", pgsql.Ident(c.Name), a.TypeText, c.TypeText)
		}
	}
	return ""
}

// viewHas reports whether the file renames the table and creates a view with the old name that has the column.
func (s *step) viewHas(t *relation, column string) bool {
	was := s.trace.start().relations.Get(t.OID)
	if was == nil {
		return false
	}
	view := s.end().find(was.Schema, was.Name)
	return view != nil && view.OID != t.OID && view.column(column) != nil
}
