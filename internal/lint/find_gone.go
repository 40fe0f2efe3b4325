package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// gone finds what the statement dropped.
func (f *finder) gone(s *step) {
	if s.st.Verb == "DROP OWNED" || s.st.Verb == "REASSIGN" {
		return // the text's own finding says it
	}
	for _, oid := range sorted(s.before.schemas) {
		if _, is := s.after.schemas[oid]; is || f.base.schemas[oid] == "" {
			continue
		}
		tables := 0
		for _, r := range s.before.relations {
			if r.Schema == s.before.schemas[oid] && r.isTable() {
				tables++
			}
		}
		f.add(s, "drop-schema", Diagnostic{
			Text: fmt.Sprintf("dropping schema %s deletes all that is in it (%s)", pgsql.Ident(s.before.schemas[oid]), words.Plural(tables, "table")),
			Fix:  fix.Words("empty the schema in earlier releases, then drop it without CASCADE"),
		})
	}
	for _, oid := range sorted(s.before.relations) {
		r := f.old(s, oid)
		if r == nil || f.inDroppedSchema(s, r) {
			continue
		}
		switch a := s.after.relations[oid]; {
		case a != nil:
			f.goneColumns(s, r, a)
		case r.isTable():
			f.goneTable(s, r)
		case r.isView():
			f.goneView(s, r)
		case r.Kind == "S":
			f.goneSequence(s, r)
		}
	}
	f.goneIndexes(s)
	f.goneConstraints(s)
	f.lockedParents(s)
	f.cascade(s)
	f.goneObjects(s)
}

func (f *finder) inDroppedSchema(s *step, r *relation) bool {
	for oid, name := range s.before.schemas {
		if name == r.Schema {
			_, is := s.after.schemas[oid]
			return !is
		}
	}
	return false
}

func (f *finder) goneTable(s *step, r *relation) {
	if !s.named(r) {
		// A partition goes with its table; other tables go by CASCADE.
		return
	}
	d := f.about(s, r)
	d.Text = fmt.Sprintf("dropping table %s deletes its data, and breaks all that still uses it", f.name(r))
	d.Fix = fix.Words("stop using the table in one release, and drop it in a later one, when it is known to be empty or archived")
	d.Query = fix.CountRows(r.sql(), "")
	f.add(s, "drop-table", d)
	if a := f.end.find(r.Schema, r.Name); a != nil && a.isTable() && a.OID != r.OID {
		d := f.about(s, r)
		d.Text = fmt.Sprintf("table %s is dropped and made anew: its rows are gone", f.name(r))
		d.Fix = fix.Words("change the table by ALTER TABLE")
		f.add(s, "create-table-force", d)
	}
	if parent := f.old(s, r.Parent); parent != nil && s.after.relations[r.Parent] != nil {
		d := f.about(s, parent)
		d.Text = fmt.Sprintf("dropping partition %s takes %s on its parent %s, so reads and writes of all partitions wait; it is kept %s", r.sql(), lockName(d.Lock), f.name(parent), f.until(s))
		if f.settings.major >= 14 {
			d.Fix = fix.DetachAndDrop(r.sql(), parent.sql())
		}
		f.add(s, "drop-partition-locks-parent", d)
	}
}

func (f *finder) goneView(s *step, r *relation) {
	if !s.named(r) {
		return
	}
	if a := f.end.find(r.Schema, r.Name); a != nil && a.OID != r.OID && (a.isView() || a.isTable()) {
		if text := lostColumns(r, a); text != "" {
			d := f.about(s, r)
			d.Text = fmt.Sprintf("view %s is made anew %s: what reads that fails", r.sql(), text)
			d.Fix = fix.Words("keep the old columns, and append new ones by CREATE OR REPLACE VIEW")
			f.add(s, "view-columns-changed", d)
		}
		return
	}
	d := f.about(s, r)
	d.Text = fmt.Sprintf("dropping view %s breaks all that still reads it", r.sql())
	d.Fix = fix.Words("drop it in a release after that of its last reader")
	f.add(s, "drop-view", d)
}

// lostColumns says which of a view's columns its successor lacks or has with another type.
func lostColumns(before, after *relation) string {
	for _, n := range sortedColumns(before) {
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

func (f *finder) goneSequence(s *step, r *relation) {
	if owner := s.after.relations[r.OwnerTable]; r.OwnerKind == "i" || r.OwnerTable != 0 && (owner == nil || owner.columns[r.OwnerColumn] == nil) {
		return // it went with its column
	}
	f.add(s, "drop-sequence", Diagnostic{
		Table: r.sql(),
		Text:  fmt.Sprintf("dropping sequence %s loses its position, and breaks all that still takes numbers from it", r.sql()),
		Fix:   fix.Words("take it from the columns' defaults first, and note its last_value"),
		Query: fix.LastValue(r.sql()),
	})
}

// goneColumns finds dropped columns, and what went with them.
func (f *finder) goneColumns(s *step, b, a *relation) {
	if !b.isTable() || !s.direct(b) {
		return
	}
	for _, n := range sortedColumns(b) {
		c := b.columns[n]
		if a.columns[n] != nil || !f.oldColumn(b.OID, n) {
			continue
		}
		if !s.named(b) {
			continue // CASCADE of something else
		}
		d := f.about(s, b)
		d.Column = pgsql.Ident(c.Name)
		d.Text = fmt.Sprintf("dropping column %s.%s deletes its data, and breaks all that still uses it", b.sql(), d.Column)
		d.Fix = fix.Words("stop writing and reading the column in one release, and drop it in a later one")
		f.add(s, "drop-column", d)
		if lost, instead := f.wentWith(s, b, n); len(lost) > 0 {
			d := f.about(s, b)
			d.Column = pgsql.Ident(c.Name)
			d.Text = fmt.Sprintf("%s with column %s.%s, under %s on the table", went(lost), b.sql(), d.Column, lockName(d.Lock))
			d.Fix = instead
			f.add(s, "drop-column-drops-index", d)
		}
	}
}

func went(lost []string) string {
	if len(lost) == 1 {
		return lost[0] + " goes"
	}
	return strings.Join(lost, ", ") + " go"
}

// wentWith names indexes and constraints that went with a column, and how to drop them before.
func (f *finder) wentWith(s *step, t *relation, num int16) (lost []string, instead fix.Text) {
	constraintIndexes := make(map[uint32]bool)
	var constraints, indexes []string
	for _, oid := range sorted(s.before.constraints) {
		c := s.before.constraints[oid]
		constraintIndexes[c.Index] = constraintIndexes[c.Index] || c.Kind != "f"
		if c.Table != t.OID || c.Kind == "c" || f.base.constraints[oid] == nil || s.after.constraints[oid] != nil || !slices.Contains(c.Columns, num) {
			continue
		}
		lost = append(lost, constraintKinds[c.Kind]+" "+pgsql.Ident(c.Name))
		constraints = append(constraints, pgsql.Ident(c.Name))
	}
	for _, oid := range sorted(s.before.indexes) {
		x := s.before.indexes[oid]
		r := s.before.relations[oid]
		if x.Table != t.OID || constraintIndexes[oid] || r == nil || f.base.indexes[oid] == nil || s.after.indexes[oid] != nil ||
			!slices.Contains(x.Columns, num) && !x.Expression && x.Predicate == "" {
			continue
		}
		lost = append(lost, "index "+pgsql.Ident(r.Name))
		indexes = append(indexes, r.sql())
	}
	return lost, fix.DropIndexes(indexes, t.sql(), constraints)
}

var constraintKinds = map[string]string{"p": "primary key", "u": "unique constraint", "f": "foreign key", "c": "check", "x": "exclusion constraint"}

func sortedColumns(r *relation) []int16 {
	var nums []int16
	for n := range r.columns {
		nums = append(nums, n)
	}
	slices.Sort(nums)
	return nums
}

// goneIndexes finds indexes dropped by themselves.
func (f *finder) goneIndexes(s *step) {
	if s.st.Verb != "DROP INDEX" && s.st.Verb != "DO" {
		return
	}
	for _, oid := range sorted(s.before.indexes) {
		x, r := s.before.indexes[oid], s.before.relations[oid]
		if s.after.indexes[oid] != nil || r == nil || r.Parent != 0 {
			continue
		}
		t := f.oldTable(s, x.Table)
		if t == nil || s.after.relations[x.Table] == nil || s.hasConstraint(oid) {
			continue
		}
		if f.base.indexes[oid] != nil {
			d := f.about(s, t)
			d.Text = fmt.Sprintf("index %s of table %s can be needed by queries", pgsql.Ident(r.Name), f.name(t))
			d.Query = fix.IndexUse(r.sql(), f.settings.major)
			f.add(s, "drop-index-query-perf", d)
		}
		if s.st.Concurrently {
			continue
		}
		// The lock is on the table, however new the index is.
		d := f.about(s, t)
		d.Text = fmt.Sprintf("dropping index %s takes %s on table %s, so its reads and writes wait; it is kept %s", pgsql.Ident(r.Name), lockName(d.Lock), f.name(t), f.until(s))
		d.Fix = fix.DropIndexes([]string{r.sql()}, "", nil)
		if r.Kind == "I" {
			d.Fix = fix.Words("PostgreSQL cannot drop the index of a partitioned table concurrently: keep the transaction short")
		}
		f.add(s, "drop-index-blocking", d)
	}
}

// hasConstraint reports whether an index belonged to a constraint before the statement.
func (s *step) hasConstraint(index uint32) bool {
	for _, c := range s.before.constraints {
		if c.Index == index && c.Kind != "f" {
			return true
		}
	}
	return false
}

// goneConstraints finds constraints that were dropped while their table and columns stay.
func (f *finder) goneConstraints(s *step) {
	for _, oid := range sorted(s.before.constraints) {
		c := s.before.constraints[oid]
		t := f.old(s, c.Table)
		if s.after.constraints[oid] != nil || f.base.constraints[oid] == nil || t == nil || c.Parent != 0 || !s.named(t) || !s.direct(t) {
			continue
		}
		after := s.after.relations[c.Table]
		if after == nil || slices.ContainsFunc(c.Columns, func(n int16) bool { return n > 0 && after.columns[n] == nil }) || s.hasConstraintNamed(c) || f.replaced(s, c) {
			continue
		}
		d := f.about(s, t)
		name := pgsql.Ident(c.Name)
		switch c.Kind {
		case "f":
			d.Text = fmt.Sprintf("dropping foreign key %s of table %s lets rows in that refer to nothing", name, t.sql())
			d.Fix = fix.Words("if it is to be replaced, add the new one first, NOT VALID, and drop this one in the same transaction")
			f.add(s, "drop-foreign-key", d)
		case "c":
			d.Text = fmt.Sprintf("dropping check %s of table %s lets values in that it refused: %s", name, t.sql(), c.Definition)
			d.Fix = fix.Words("if it is to be replaced, add the new one first, NOT VALID, and drop this one in the same transaction")
			f.add(s, "drop-check-constraint", d)
		case "p":
			d.Text = fmt.Sprintf("dropping primary key %s of table %s drops its index, and lets duplicates in", name, f.name(t))
			d.Fix = fix.Words("if it is to be replaced, add the new key as a unique constraint first, and let the foreign keys refer to that")
			if !s.before.referred(c.Index) {
				d.Fix = fix.ReplaceKey(t.sql(), name, pgsql.Ident(s.before.freeRelation(t.Schema, c.Name, "_new")), columnList(t, c.Columns))
			}
			f.add(s, "drop-primary-key", d)
		case "u", "x":
			d.Text = fmt.Sprintf("dropping %s %s of table %s drops its index, and lets duplicates in", constraintKinds[c.Kind], name, f.name(t))
			d.Fix = fix.Words("if it is to be replaced, build the new index concurrently first")
			f.add(s, "drop-unique-constraint", d)
		}
	}
}

// referred reports whether foreign keys refer to an index.
func (s *snapshot) referred(index uint32) bool {
	for _, c := range s.constraints {
		if c.Kind == "f" && c.Index == index {
			return true
		}
	}
	return false
}

// hasConstraintNamed reports whether the statement itself made the constraint anew, as a change of type does, without being told.
func (s *step) hasConstraintNamed(c *constraint) bool {
	if s.dropsConstraint(c.Name) {
		return false
	}
	for _, a := range s.after.constraints {
		if a.same(c) {
			return true
		}
	}
	return false
}

// replaced reports whether another constraint does a dropped one's work when the file is done. An index must have been built
// before.
func (f *finder) replaced(s *step, c *constraint) bool {
	t := f.end.relations[c.Table]
	if t == nil {
		return false
	}
	if c.Kind == "c" && len(c.Columns) == 1 && t.columns[c.Columns[0]] != nil && t.columns[c.Columns[0]].NotNull && isNotNullCheck(c.Definition) {
		return true
	}
	for oid, o := range f.end.constraints {
		if o.Table != c.Table || oid == c.OID {
			continue
		}
		isNew := f.start.constraints[oid] == nil
		switch c.Kind {
		case "f":
			if o.Kind == "f" && slices.Equal(o.Columns, c.Columns) && o.References == c.References {
				return true
			}
		case "c":
			if o.Kind == "c" && isNew && slices.ContainsFunc(o.Columns, func(n int16) bool { return slices.Contains(c.Columns, n) }) {
				return true
			}
		case "p":
			if o.Kind == "p" && s.before.indexes[o.Index] != nil {
				return true
			}
		}
	}
	if c.Kind == "u" {
		for _, x := range f.end.indexes {
			if x.Table == c.Table && x.Unique && x.Valid && x.Predicate == "" && !x.Expression && sameSet(x.Columns[:x.Keys], c.Columns) && s.before.indexes[x.OID] != nil {
				return true
			}
		}
	}
	return false
}

func sameSet(a, b []int16) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// isNotNullCheck reports whether a check's definition is that one column is not null.
func isNotNullCheck(definition string) bool {
	definition = strings.TrimSuffix(definition, " NOT VALID")
	return strings.HasPrefix(definition, "CHECK ((") && strings.HasSuffix(definition, " IS NOT NULL))") && strings.Count(definition, " IS ") == 1
}

// lockName names a lock as SQL does: "ACCESS EXCLUSIVE".
func lockName(mode string) string {
	switch mode {
	case "AccessExclusiveLock":
		return "an ACCESS EXCLUSIVE lock"
	case "ExclusiveLock":
		return "an EXCLUSIVE lock"
	case "ShareRowExclusiveLock":
		return "a SHARE ROW EXCLUSIVE lock"
	case "ShareLock":
		return "a SHARE lock"
	case "ShareUpdateExclusiveLock":
		return "a SHARE UPDATE EXCLUSIVE lock"
	case "RowExclusiveLock":
		return "a ROW EXCLUSIVE lock"
	}
	return "a lock"
}
