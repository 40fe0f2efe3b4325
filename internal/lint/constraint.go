package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

var constraintKinds = map[string]string{"p": "primary key", "u": "unique constraint", "f": "foreign key", "c": "check", "x": "exclusion constraint"}

// newConstraints finds new and validated constraints of existing tables.
func newConstraints(s *step) (found findings) {
	for oid := range changed(s.after.constraints, s.before.constraints) {
		c := s.after.constraints.Get(oid)
		t := s.oldTable(c.Table)
		if t == nil || c.Parent != 0 || !s.direct(t) || !c.Local {
			continue
		}
		switch was := s.before.constraints.Get(oid); {
		case was == nil && !s.recreation(c):
			found = append(found, newConstraint(s, t, c)...)
		case was != nil && !was.Validated && c.Validated:
			found = append(found, validated(s, t, c)...)
		}
	}
	return found
}

// recreation reports whether a new constraint is an existing one that the statement implicitly recreated, as a type
// change does.
func (s *step) recreation(c *constraint) bool {
	return !s.acts("DROP CONSTRAINT", c.Name) &&
		has(s.before.constraints, func(b *constraint) bool { return b.same(c) && s.after.constraints.Get(b.OID) == nil })
}

// same reports whether o is c, possibly recreated with another OID.
func (c *constraint) same(o *constraint) bool {
	return c.Table == o.Table && c.Name == o.Name && c.Kind == o.Kind && slices.Equal(c.Columns, o.Columns)
}

func newConstraint(s *step, t *relation, c *constraint) (found findings) {
	name := pgsql.Ident(c.Name)
	d := s.about(t)
	columns, ok := columnsFirst(s, t, c)
	notValid := fix.AddNotValid(columns, fix.Constraint{Table: t.sql(), Name: name, Definition: strings.TrimSuffix(c.Definition, " NOT VALID")})
	if !ok {
		notValid = fix.Words("add the column as described in its own finding, then the constraint NOT VALID, and validate it in a later transaction")
	}
	if c.Validated && s.acts("VALIDATE CONSTRAINT", c.Name) {
		d.Text = fmt.Sprintf("the statement adds %s %s NOT VALID and validates it, so the scan of table %s holds the stronger lock that adding takes",
			constraintKinds[c.Kind], name, s.name(t))
		d.Fix = notValid
		found.add(s, "validate-in-same-transaction", d)
		d.Query = offenders(s, t, c)
		return append(found, mayFail(s, t, c, d)...)
	}
	rows := len(columns) == 0 && ok // rows may violate it
	built := s.before.indexes.Get(c.Index) == nil
	switch c.Kind {
	case "f":
		if !c.Validated || !s.messaged("validating foreign key constraint") && !s.before.noPartitions(t) {
			return found
		}
		parent := s.after.relations.Get(c.References)
		d.Text = fmt.Sprintf("adding foreign key %s checks every row of table %s under %s, which blocks %s %s",
			name, s.name(t), s.onBoth(t, parent), s.blocked(t, parent), s.until())
		d.Fix = notValid
		if t.Kind == "p" && s.trace.target.major < 18 {
			d.Fix = fix.ForeignKeyOnPartitions()
		}
		if rows {
			d.Query = orphans(s, c)
		}
		found.add(s, "add-fk-validating", d, parent.sql())
		found = append(found, mayFail(s, t, c, d)...)
	case "c":
		if !c.Validated || !s.scannedAny(t.OID) && !s.rewrittenAny(t.OID) && !s.before.noPartitions(t) {
			return found
		}
		d.Text = fmt.Sprintf("adding check %s scans table %s under %s, which blocks reads and writes %s", name, s.name(t), lockName(d.Lock), s.until())
		d.Fix = notValid
		if rows {
			d.Query = violators(t, c)
		}
		required := requires(s, t, c)
		if required != nil {
			d.Fix = fix.AddNotNull(s.before.fixColumn(t, required.Name, required.TypeText), s.before.notNullCheck(t, required))
		}
		found.add(s, "add-check-validating", d)
		if required != nil {
			d.Column = pgsql.Ident(required.Name)
			d.Text = fmt.Sprintf("adding column %s.%s, which check %s requires, without a default fails if the table has rows", t.sql(), d.Column, name)
			d.Query = fix.CountRows(t.sql(), "")
			found.add(s, "add-not-null-column-no-default", d)
		}
		found = append(found, mayFail(s, t, c, d)...)
	case "u":
		if !built || s.buildsNothing(t, c.Index) {
			return found
		}
		d.Text = fmt.Sprintf("adding unique constraint %s builds an index on table %s under %s, which blocks reads and writes %s", name, s.name(t), lockName(d.Lock), s.until())
		d.Fix = usingIndex(s, t, c, "UNIQUE")
		found.add(s, "add-unique-blocking", d)
		found = append(found, unique(s, t, s.after.indexes.Get(c.Index), columnList(s.after.relations.Get(t.OID), c.Columns))...)
	case "p":
		found = append(found, primaryKey(s, t, c, built)...)
	case "x":
		d.Text = fmt.Sprintf("adding exclusion constraint %s builds an index on table %s and checks every row under %s, which blocks reads and writes until it is done", name, s.name(t), lockName(d.Lock))
		if x := s.after.indexes.Get(c.Index); rows && x != nil {
			d.Query = fix.CountConflicts(t.sql(), c.Definition, x.Predicate)
		}
		d.Fix = fix.Words("there is no online method: fill a new table that has the constraint, or use a maintenance window")
		found.add(s, "add-exclusion-constraint", d)
		found = append(found, mayFail(s, t, c, d)...)
	}
	return found
}

// requires returns the new column without a default that a check requires to be NOT NULL, nil if there is none.
func requires(s *step, t *relation, c *constraint) *column {
	if len(c.Columns) != 1 || t.columns[c.Columns[0]] != nil || !isNotNullCheck(c.Definition) {
		return nil
	}
	if now := s.after.relations.Get(t.OID).columns[c.Columns[0]]; now != nil && now.null() {
		return now
	}
	return nil
}

func primaryKey(s *step, t *relation, c *constraint, built bool) (found findings) {
	d := s.about(t)
	name := pgsql.Ident(c.Name)
	if built && s.buildsNothing(t, c.Index) {
		return found
	}
	if built {
		d.Text = fmt.Sprintf("adding primary key %s builds an index on table %s under %s, which blocks reads and writes %s", name, s.name(t), lockName(d.Lock), s.until())
		d.Fix = usingIndex(s, t, c, "PRIMARY KEY")
		found.add(s, "add-pk-blocking", d)
		found = append(found, unique(s, t, s.after.indexes.Get(c.Index), columnList(s.after.relations.Get(t.OID), c.Columns))...)
		return found
	}
	var columns []fix.Column
	var checks []string
	for _, n := range c.Columns {
		if was := t.columns[n]; was != nil && !was.NotNull {
			columns = append(columns, s.before.fixColumn(t, was.Name, was.TypeText))
			checks = append(checks, s.before.notNullCheck(t, was))
		}
	}
	if len(columns) == 0 || s.messaged("existing constraints on column") && !s.scannedAny(t.OID) {
		return found
	}
	d.Text = fmt.Sprintf("adding primary key %s on nullable columns scans table %s under %s, which blocks reads and writes until it is done", name, s.name(t), lockName(d.Lock))
	d.Fix = fix.SetEachNotNull(columns, checks)
	found.add(s, "add-pk-nullable-scan", d)
	for _, c := range columns {
		d := s.about(t)
		d.Column = c.Name
		d.Text = fmt.Sprintf("primary key %s fails if column %s.%s has NULLs", name, t.sql(), c.Name)
		d.Fix = fix.Words("fill these rows first")
		d.Query = fix.CountRows(t.sql(), c.Name+" IS NULL")
		found.add(s, "set-not-null-data", d)
	}
	return found
}

// usingIndex returns how to add a unique constraint or primary key online.
func usingIndex(s *step, t *relation, c *constraint, kind string) fix.Text {
	columns, ok := columnsFirst(s, t, c)
	if !ok {
		return fix.Words("add the column as described in its own finding, build the unique index concurrently, then add the constraint USING INDEX")
	}
	if t.Kind == "p" {
		return fix.KeyOnPartitions()
	}
	k := fix.Key{Table: t.sql(), Name: pgsql.Ident(c.Name), Kind: kind}
	if _, deferrable, ok := strings.Cut(c.Definition, " DEFERRABLE"); ok {
		k.Deferrable = "DEFERRABLE" + deferrable
	}
	for oid, o := range s.before.constraints.All() {
		if o.Table == t.OID && s.after.constraints.Get(oid) == nil && (o.Name == c.Name || o.Kind == "p" && c.Kind == "p") {
			k.Replaces = pgsql.Ident(o.Name)
		}
	}
	build := c.Name
	if s.before.find(t.Schema, build) != nil { // the index of the replaced constraint
		build = s.before.freeRelation(t.Schema, c.Name, "_new")
	}
	k.Build = s.index(s.after.indexes.Get(c.Index), build)
	return fix.UsingIndex(columns, k)
}

// columnsFirst returns the columns that the statement adds together with their constraint. A fix can add them first. ok
// is false if that would rewrite the table or fail.
func columnsFirst(s *step, t *relation, c *constraint) (columns []fix.Column, ok bool) {
	for _, n := range c.Columns {
		now := s.after.relations.Get(t.OID).columns[n]
		if t.columns[n] != nil || now == nil {
			continue
		}
		if t.column(now.Name) != nil {
			return nil, false // the statement drops one with that name
		}
		if s.rewrittenAny(t.OID) || now.NotNull && now.Default == "" {
			return nil, false
		}
		typ := now.TypeText
		if now.Default != "" {
			typ += " DEFAULT " + now.Default
		}
		if now.NotNull {
			typ += " NOT NULL"
		}
		columns = append(columns, s.before.fixColumn(t, now.Name, typ))
	}
	return columns, true
}

// mayFail reports that existing rows may violate a new constraint. d is the finding about its scan.
func mayFail(s *step, t *relation, c *constraint, d Diagnostic) (found findings) {
	if !slices.ContainsFunc(c.Columns, func(n int16) bool {
		now := s.after.relations.Get(t.OID).columns[n]
		return s.oldColumn(t.OID, n) || c.Kind == "f" && now != nil && now.Default != ""
	}) {
		return nil // columns without values
	}
	d.Text = fmt.Sprintf("%s %s fails if a row of table %s violates it", constraintKinds[c.Kind], pgsql.Ident(c.Name), t.sql())
	d.Fix = fix.Words("look for such rows, and change them first")
	found.add(s, "constraint-may-fail-on-data", d)
	return found
}

// violators returns the query for the rows that violate a check.
func violators(t *relation, c *constraint) fix.Text {
	expr, ok := strings.CutPrefix(c.Definition, "CHECK ")
	if !ok {
		return fix.Text{}
	}
	expr = strings.TrimSuffix(strings.TrimSuffix(expr, " NOT VALID"), " NO INHERIT")
	return fix.Rows(t.sql(), "NOT "+expr)
}

// orphans returns the query for the rows that reference nothing. If the other table is new in the change, that is every
// row with a reference.
func orphans(step *step, c *constraint) fix.Text {
	s := step.after
	child, parent := s.relations.Get(c.Table), s.relations.Get(c.References)
	if child == nil || parent == nil || len(c.Columns) != len(c.RefColumns) {
		return fix.Text{}
	}
	var refer, to []string
	for i, n := range c.Columns {
		from, key := child.columns[n], parent.columns[c.RefColumns[i]]
		if from == nil || key == nil {
			return fix.Text{}
		}
		refer, to = append(refer, pgsql.Ident(from.Name)), append(to, pgsql.Ident(key.Name))
	}
	if step.old(parent.OID) == nil {
		return fix.Rows(child.sql(), strings.Join(refer, " IS NOT NULL AND ")+" IS NOT NULL")
	}
	return fix.Orphans(child.sql(), refer, parent.sql(), to)
}

// validated finds a constraint that is validated while an earlier statement's strong lock is held.
func validated(s *step, t *relation, c *constraint) (found findings) {
	for oid := range s.before.locks.All() {
		held := s.held(oid)
		r := s.oldTable(oid)
		if r == nil || strength[held] < strength[hazard.ShareRowExclusive] {
			continue
		}
		d := Diagnostic{Table: t.sql(), Lock: s.lock(t.OID), Held: held}
		d.Text = fmt.Sprintf("validating %s %s scans table %s while an earlier statement holds %s on %s, so other transactions wait until it is done",
			constraintKinds[c.Kind], pgsql.Ident(c.Name), s.name(t), lockName(held), r.sql())
		d.Fix = fix.Validate(t.sql(), pgsql.Ident(c.Name))
		found.add(s, "validate-in-same-transaction", d)
		d.Query = offenders(s, t, c)
		return append(found, mayFail(s, t, c, d)...)
	}
	return found
}

// offenders returns the query for the rows that violate a check or foreign key.
func offenders(s *step, t *relation, c *constraint) fix.Text {
	if c.Kind == "f" {
		return orphans(s, c)
	}
	return violators(t, c)
}

// buildsNothing reports whether a new index is that of a partitioned table alone, as after ALTER TABLE ONLY.
func (s *step) buildsNothing(t *relation, index uint32) bool {
	return t.Kind == "p" && s.st.Only && !has(s.after.relations, func(r *relation) bool { return r.Parent == index })
}

// droppedConstraints finds dropped constraints whose table and columns remain at the end of the file.
func droppedConstraints(s *step) (found findings) {
	for oid := range changed(s.before.constraints, s.after.constraints) {
		c := s.before.constraints.Get(oid)
		t := s.old(c.Table)
		if s.after.constraints.Get(oid) != nil || s.trace.base.constraints.Get(oid) == nil || t == nil || c.Parent != 0 || !s.named(t) || !s.direct(t) {
			continue
		}
		end := s.end().relations.Get(c.Table)
		if end == nil || slices.ContainsFunc(c.Columns, func(n int16) bool { return n > 0 && end.columns[n] == nil }) || s.keeps(c) || replaced(s, c) {
			continue
		}
		d := s.about(t)
		name := pgsql.Ident(c.Name)
		switch c.Kind {
		case "f":
			if s.end().relations.Get(c.References) == nil {
				continue // the finding about the table says it
			}
			d.Text = fmt.Sprintf("dropping foreign key %s of table %s lets in orphan rows", name, t.sql())
			d.Fix = fix.Words("to replace it, first add the new one NOT VALID, and drop this one in the same transaction")
			found.add(s, "drop-foreign-key", d)
		case "c":
			d.Text = fmt.Sprintf("dropping check %s of table %s lets in values that it rejected: %s", name, t.sql(), c.Definition)
			d.Fix = fix.Words("to replace it, first add the new one NOT VALID, and drop this one in the same transaction")
			found.add(s, "drop-check-constraint", d)
		case "p":
			d.Text = fmt.Sprintf("dropping primary key %s of table %s drops its index and lets in duplicates", name, s.name(t))
			d.Fix = fix.Words("to replace it, first add the new key as a unique constraint, and make the foreign keys reference that")
			if !s.before.referenced(c.Index) {
				d.Fix = fix.ReplaceKey(t.sql(), name, pgsql.Ident(s.before.freeRelation(t.Schema, c.Name, "_new")), columnList(t, c.Columns))
			}
			found.add(s, "drop-primary-key", d)
		case "u", "x":
			d.Text = fmt.Sprintf("dropping %s %s of table %s drops its index and lets in duplicates", constraintKinds[c.Kind], name, s.name(t))
			d.Fix = fix.Words("to replace it, first build the new index concurrently")
			found.add(s, "drop-unique-constraint", d)
		}
	}
	return found
}

// keeps reports whether the statement implicitly recreated a constraint that it dropped.
func (s *step) keeps(c *constraint) bool {
	return !s.acts("DROP CONSTRAINT", c.Name) && has(s.after.constraints, c.same)
}

// replaced reports whether another constraint or unique index replaces a dropped constraint by the end of the file. It
// may be older than the file. An index must have been built before the drop.
func replaced(s *step, c *constraint) bool {
	t := s.end().relations.Get(c.Table)
	if t == nil {
		return false
	}
	if c.Kind == "c" && len(c.Columns) == 1 && t.columns[c.Columns[0]] != nil && t.columns[c.Columns[0]].NotNull && isNotNullCheck(c.Definition) {
		return true
	}
	for oid, o := range s.end().constraints.All() {
		if o.Table != c.Table || oid == c.OID {
			continue
		}
		isNew := s.trace.base.constraints.Get(oid) == nil
		switch c.Kind {
		case "f":
			if o.Kind == "f" && slices.Equal(o.Columns, c.Columns) && o.References == c.References {
				return true
			}
		case "c":
			alike := (subset(o.Columns, c.Columns) || subset(c.Columns, o.Columns)) && isNotNullCheck(o.Definition) == isNotNullCheck(c.Definition)
			if o.Kind == "c" && (isNew && alike || o.Validated && o.Definition == c.Definition) {
				return true
			}
		case "p":
			if o.Kind == "p" && s.before.indexes.Get(o.Index) != nil {
				return true
			}
		}
	}
	nullable := slices.ContainsFunc(c.Columns, func(n int16) bool { return t.columns[n] == nil || !t.columns[n].NotNull })
	return (c.Kind == "u" || c.Kind == "p" && !nullable) && has(s.end().indexes, func(x *index) bool {
		return x.Table == c.Table && x.Unique && x.Valid && x.Predicate == "" && !x.Expression && sameSet(x.Columns[:x.Keys], c.Columns) && s.before.indexes.Get(x.OID) != nil
	})
}

// subset reports whether b has all of a, which isn't empty.
func subset(a, b []int16) bool {
	return len(a) > 0 && !slices.ContainsFunc(a, func(n int16) bool { return !slices.Contains(b, n) })
}

// isNotNullCheck reports whether a check's definition is that a single column is not null.
func isNotNullCheck(definition string) bool {
	definition = strings.TrimSuffix(definition, " NOT VALID")
	return strings.HasPrefix(definition, "CHECK ((") && strings.HasSuffix(definition, " IS NOT NULL))") && strings.Count(definition, " IS ") == 1
}

// droppedForeignKeys finds the referenced tables that dropping a foreign key locks. If it is the last statement of a
// transaction, the lock is held only briefly. What a block or a function does after it isn't known.
func droppedForeignKeys(s *step) (found findings) {
	parents := make(map[string]bool)
	defer func() {
		alone := s.of == nil && (strings.HasPrefix(s.st.Verb, "ALTER") || strings.HasPrefix(s.st.Verb, "DROP"))
		if alone && len(parents) == 1 && s.laterInTx() == 0 && len(s.work()) == 0 {
			found = nil
		}
	}()
	for oid := range changed(s.before.constraints, s.after.constraints) {
		c := s.before.constraints.Get(oid)
		parent, child := s.old(c.References), s.old(c.Table)
		if c.Kind != "f" || s.after.constraints.Get(oid) != nil || c.Parent != 0 || parent == nil || child == nil ||
			parent == child || s.after.relations.Get(c.References) == nil || s.keeps(c) || !s.named(child) {
			continue
		}
		d := s.about(parent)
		if strength[d.Lock] < strength[hazard.AccessExclusive] {
			continue
		}
		d.Text = fmt.Sprintf("dropping foreign key %s of table %s also takes %s on %s, which blocks its reads and writes %s",
			pgsql.Ident(c.Name), child.sql(), lockName(d.Lock), s.name(parent), s.until())
		d.Fix = fix.Words("drop each foreign key in a separate file, so that the lock is held only briefly")
		parents[parent.sql()] = true
		found.add(s, "drop-fk-locks-parent", d)
	}
	return found
}

// renamedConstraints finds renamed constraints.
func renamedConstraints(s *step) (found findings) {
	for oid := range changed(s.before.constraints, s.after.constraints) {
		b, a := s.before.constraints.Get(oid), s.after.constraints.Get(oid)
		if t := s.old(b.Table); a != nil && t != nil && s.trace.base.constraints.Get(oid) != nil && a.Name != b.Name && b.Parent == 0 {
			d := s.about(t)
			d.Text = fmt.Sprintf("renaming constraint %s of table %s breaks everything that uses its name", pgsql.Ident(b.Name), t.sql())
			found.add(s, "rename-constraint", d)
		}
	}
	return found
}

// foreignKeys finds several foreign keys to different tables in one transaction.
func foreignKeys(tr *trace) (found findings) {
	type locked struct {
		last    *step
		child   *relation
		parents []string
	}
	byTx := make(map[int]*locked)
	for _, s := range tr.steps {
		if !s.ran() {
			continue
		}
		for oid := range changed(s.after.constraints, s.before.constraints) {
			c := s.after.constraints.Get(oid)
			child, parent := s.old(c.Table), s.old(c.References)
			if c.Kind != "f" || c.Parent != 0 || s.before.constraints.Get(oid) != nil || child == nil || parent == nil || s.recreation(c) {
				continue
			}
			l := byTx[s.tx]
			if l == nil {
				l = &locked{}
				byTx[s.tx] = l
			}
			l.last, l.child = s, child
			if !slices.Contains(l.parents, parent.sql()) {
				l.parents = append(l.parents, parent.sql())
			}
		}
	}
	for _, s := range tr.steps {
		l := byTx[s.tx]
		if l == nil || l.last != s || len(l.parents) < 2 {
			continue
		}
		found.add(s, "multiple-foreign-keys", Diagnostic{
			Table: l.child.sql(), Lock: hazard.ShareRowExclusive,
			Text: fmt.Sprintf("foreign keys to %d tables in one transaction hold %s on all of them until it ends: %s", len(l.parents), lockName(hazard.ShareRowExclusive), join(l.parents)),
			Fix:  fix.Words("add one foreign key per file"),
		})
	}
	return found
}

// referenced reports whether foreign keys reference an index.
func (s *snapshot) referenced(index uint32) bool {
	return has(s.constraints, func(c *constraint) bool { return c.Kind == "f" && c.Index == index })
}

// addsForeignKeyNotValid reports whether an action adds a foreign key NOT VALID.
func addsForeignKeyNotValid(a pgsql.Action) bool {
	references := a.Words.Find(0, "REFERENCES")
	return references >= 0 && a.Words.Find(references, "NOT", "VALID") >= 0
}
