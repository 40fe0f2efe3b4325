package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// typeChange finds what a column's change of type costs and may lose. Changing a new column also affects the whole
// table.
func typeChange(s *step, b, a *relation, was, is *column) (found findings) {
	same := was.Type == is.Type && was.Typmod == is.Typmod && was.Collation == is.Collation
	if same && (s.using(was.Name) == nil || !s.named(b)) { // its expression can change values
		return found
	}
	d := s.about(b)
	d.Column = pgsql.Ident(was.Name)
	change := fmt.Sprintf("changing %s.%s from %s to %s", b.sql(), d.Column, was.TypeText, is.TypeText)
	switch {
	case same:
		change = fmt.Sprintf("computing new values of %s.%s", b.sql(), d.Column)
	case was.TypeText == is.TypeText:
		change = fmt.Sprintf("changing the collation of %s.%s", b.sql(), d.Column)
	}
	c := s.retyped(b, was, is)

	from, to := s.before.types.Get(was.Type), s.after.types.Get(is.Type)
	toEnum := !same && from != nil && to != nil && from.Kind == "e" && to.Kind == "e"
	if toEnum && s.startColumn(b.OID, was.Num) {
		var removed []string
		for _, l := range from.Labels {
			if !slices.Contains(to.Labels, l) {
				removed = append(removed, pgsql.Literal(l))
			}
		}
		d := d
		d.Text = change + " replaces the enum"
		if len(removed) > 0 {
			d.Text += ", without " + strings.Join(removed, ", ")
			d.Query = fix.CountRows(b.sql(), fmt.Sprintf("%s::text IN (%s)", d.Column, strings.Join(removed, ", ")))
		}
		d.Fix = fix.Words("keep the value, and forbid it with a check that is added NOT VALID, then validated")
		found.add(s, "recreate-enum-type", d)
	}
	checks, indexes := s.before.checks(b, was.Num), rebuilt(s, b.OID)
	c.Seen = hazard.Seen{Rewrites: s.rewrittenAny(b.OID), Rechecks: len(checks) > 0 && s.scannedAny(b.OID), Rebuilds: len(indexes) > 0}
	for _, h := range c.Cost() {
		d := d
		d.Fix = h.Instead
		what := ""
		switch h.Kind {
		case hazard.Rewrite:
			what = fmt.Sprintf("rewrites table %s and its indexes", s.name(b))
		case hazard.Recheck:
			what = fmt.Sprintf("rechecks its constraints, which scans table %s", s.name(b))
			d.Fix = fix.Recheck(s.stmt.Text, checks)
		case hazard.Rebuild:
			what = fmt.Sprintf("rebuilds index %s of table %s", strings.Join(indexes, ", "), s.name(b))
			d.Fix = fix.Words("drop the index concurrently first and rebuild it concurrently afterwards; or use a new column")
		}
		d.Text = fmt.Sprintf("%s %s under %s, which blocks reads and writes until it is done", change, what, lockName(d.Lock))
		found.add(s, typeRules[h.Kind], d)
	}
	if fk, other := foreignKey(s, b.OID, was.Num); fk != nil && s.messaged("validating foreign key constraint") {
		d := d
		d.Text = fmt.Sprintf("%s rechecks foreign key %s, with %s until it is done", change, pgsql.Ident(fk.Name), s.onBoth(b, other))
		d.Fix = c.Expand()
		found.add(s, "type-change-revalidates-fk", d, other.sql())
	}
	if !s.oldColumn(b.OID, was.Num) {
		return found // nobody relies on its values yet
	}
	stat := d
	stat.Text = change + " discards its statistics"
	stat.Fix = fix.Analyze(b.sql(), d.Column)
	found.add(s, "type-change-loses-statistics", stat)
	for _, h := range c.Values() {
		if toEnum && h.Kind == hazard.Cast {
			continue // the removed labels are already reported
		}
		d := s.about(b)
		d.Column, d.Text, d.Query, d.Fix = h.Column, change+" "+h.What, h.Query, h.Instead
		found.add(s, typeRules[h.Kind], d)
	}
	return found
}

// checks returns the check constraints on a column, as they are added again.
func (s *snapshot) checks(t *relation, num int16) (list []fix.Constraint) {
	for oid := range s.constraints.All() {
		k := s.constraints.Get(oid)
		if k.Kind == "c" && k.Table == t.OID && slices.Contains(k.Columns, num) {
			list = append(list, fix.Constraint{Table: t.sql(), Name: pgsql.Ident(k.Name), Definition: strings.TrimSuffix(k.Definition, " NOT VALID")})
		}
	}
	return list
}

// rebuilt returns the names of the table's indexes that the statement rebuilt.
func rebuilt(s *step, table uint32) []string {
	var names []string
	for oid := range s.before.indexes.All() {
		x, r := s.before.indexes.Get(oid), s.before.relations.Get(oid)
		if x.Table != table || r == nil {
			continue
		}
		if a := s.after.relations.Get(oid); a != nil {
			if s.rewritten(oid) {
				names = append(names, pgsql.Ident(r.Name))
			}
			continue
		}
		if again := s.after.find(r.Schema, r.Name); again != nil && again.FileNode != r.FileNode {
			names = append(names, pgsql.Ident(r.Name))
		}
	}
	return names
}

// foreignKey returns a foreign key with the column on either side, and the table on the other side.
func foreignKey(s *step, table uint32, num int16) (*constraint, *relation) {
	for oid := range s.before.constraints.All() {
		c := s.before.constraints.Get(oid)
		if c.Kind != "f" {
			continue
		}
		if c.Table == table && slices.Contains(c.Columns, num) && s.before.relations.Get(c.References) != nil {
			return c, s.before.relations.Get(c.References)
		}
		if c.References == table && slices.Contains(c.RefColumns, num) && s.before.relations.Get(c.Table) != nil {
			return c, s.before.relations.Get(c.Table)
		}
	}
	return nil, nil
}

// retyped returns the statement's change of a column's type.
func (s *step) retyped(t *relation, was, is *column) hazard.TypeChange {
	c := hazard.TypeChange{
		Table: t.sql(), Column: was.Name, From: s.before.resolved(was), To: s.after.resolved(is),
		Using: s.using(was.Name).In(s.stmt.Text), Hidden: !strings.HasPrefix(s.st.Verb, "ALTER "),
		New:   s.before.fixColumn(t, freeColumn(t, was.Name, "_new"), is.TypeText),
		Check: s.before.freeConstraint(t, t.Name+"_"+was.Name, "_fits"),
	}
	if len(s.st.Targets) > 0 { // a parent's, where t inherits the column
		c.Named = s.st.Targets[0].Name
	}
	return c
}

// typeRules are the rules for the hazards of a type change.
var typeRules = map[hazard.Kind]string{
	hazard.Rewrite: "type-change-rewrite", hazard.Recheck: "type-change-recheck", hazard.Rebuild: "type-change-reindex",
	hazard.Lossy: "lossy-type-change", hazard.Narrow: "narrowing-type-change", hazard.Cast: "cast-may-fail",
}

// resolved returns a column's type with its base type, checks and labels.
func (s *snapshot) resolved(c *column) hazard.Type {
	oid, base := s.base(c.Type)
	t := hazard.Type{Name: c.TypeText, Base: base, Checked: s.constrained(c.Type)}
	for _, e := range s.types.All() {
		if e.Kind == "e" && (e.OID == oid || e.Array == oid) {
			t.Labels = e.Labels
		}
	}
	return t
}

// droppedAttributes finds attributes that are dropped from a composite type that columns have.
func droppedAttributes(s *step) (found findings) {
	for _, oid := range s.touched() {
		b, a := s.old(oid), s.after.relations.Get(oid)
		if b == nil || a == nil || b.Kind != "c" {
			continue
		}
		for _, n := range sorted(b.columns) {
			if a.columns[n] != nil {
				continue
			}
			for _, t := range s.before.relations.All() {
				for _, num := range sorted(t.columns) {
					if c := t.columns[num]; s.oldTable(t.OID) != nil && s.before.composite(c.Type) == oid {
						found.add(s, "drop-column", Diagnostic{
							Table: t.sql(), Column: pgsql.Ident(c.Name), Lock: s.lock(t.OID), Held: s.held(t.OID),
							Text: fmt.Sprintf("dropping attribute %s of type %s deletes its values in %s.%s, and breaks everything that still uses it", pgsql.Ident(b.columns[n].Name), b.sql(), t.sql(), pgsql.Ident(c.Name)),
							Fix:  fix.Words("stop using the attribute in one release, then drop it in a later one"),
						})
					}
				}
			}
		}
	}
	return found
}

// composite returns the OID of a composite type's relation, also of its array; 0 for another type.
func (s *snapshot) composite(typ uint32) uint32 {
	for _, t := range s.types.All() {
		if t.Kind == "c" && (t.OID == typ || t.Array == typ) {
			if r := s.find(t.Schema, t.Name); r != nil {
				return r.OID
			}
		}
	}
	return 0
}

// droppedTypes finds dropped types, except those of an extension.
func droppedTypes(s *step) (found findings) {
	for oid := range changed(s.before.types, s.after.types) {
		t := s.before.types.Get(oid)
		if s.after.types.Get(oid) != nil || s.trace.base.types.Get(oid) == nil || s.recreated(t) || !extensionStays(s) {
			continue
		}
		found.add(s, "drop-type", Diagnostic{
			Text: fmt.Sprintf("dropping type %s breaks everything that still names it", sqlName(t.Schema, t.Name)),
			Fix:  fix.Words("first drop the columns that use it, then the type without CASCADE"),
		})
	}
	return found
}

// recreated reports whether the file recreates an enum: a column of the old type has a new one.
func (s *step) recreated(t *typ) bool {
	if t.Kind != "e" {
		return false
	}
	for oid, b := range s.trace.base.relations.All() {
		e := s.end().relations.Get(oid)
		for n, c := range b.columns {
			if c.Type != t.OID || e == nil || e.columns[n] == nil {
				continue
			}
			if now := s.end().types.Get(e.columns[n].Type); now != nil && now.Kind == "e" && now.OID != t.OID {
				return true
			}
		}
	}
	return false
}

// renamedTypes finds renamed types and values of enums.
func renamedTypes(s *step) (found findings) {
	for oid := range changed(s.before.types, s.after.types) {
		b, a := s.before.types.Get(oid), s.after.types.Get(oid)
		if a == nil || s.trace.base.types.Get(oid) == nil {
			continue
		}
		if s.renames(b.Schema, b.Name, a.Schema, a.Name) && !s.recreated(b) {
			found.add(s, "rename-view", renamedObject("type", sqlName(b.Schema, b.Name), sqlName(a.Schema, a.Name)))
		}
		for i, label := range b.LabelOIDs {
			j := slices.Index(a.LabelOIDs, label)
			if j >= 0 && a.Labels[j] != b.Labels[i] && slices.Contains(s.trace.base.types.Get(oid).LabelOIDs, label) {
				found.add(s, "rename-enum-value", Diagnostic{
					Text: fmt.Sprintf("renaming value %s of type %s to %s breaks everything that still uses the old value", pgsql.Literal(b.Labels[i]), sqlName(b.Schema, b.Name), pgsql.Literal(a.Labels[j])),
					Fix:  fix.AddEnumValue(sqlName(b.Schema, b.Name), a.Labels[j]),
				})
			}
		}
	}
	return found
}

// checkedDomains finds tables that a domain's new constraint scans.
func checkedDomains(s *step) (found findings) {
	if s.st.Verb != "ALTER DOMAIN" {
		return nil
	}
	for _, oid := range s.touched() {
		t := s.oldTable(oid)
		if t == nil || !s.scanned(oid) {
			continue
		}
		d := s.about(t)
		d.Text = fmt.Sprintf("the domain's constraint is checked on every row of table %s under %s, which blocks writes until it is done", s.name(t), lockName(d.Lock))
		d.Fix = fix.Words("add the constraint to the table's columns instead, NOT VALID, and validate it in a later transaction")
		var checks []fix.Constraint
		for _, n := range sorted(t.columns) {
			s.before.columnChecks(t, t.columns[n].Name, s.after.domainChecks(t.columns[n].Type, s.before, t.columns[n].Name), &checks)
		}
		if len(checks) > 0 {
			d.Fix = fix.AddNotValid(nil, checks...)
		}
		found.add(s, "alter-domain-constraint-scan", d)
		for _, c := range checks {
			expr, _ := strings.CutPrefix(c.Definition, "CHECK ")
			d := s.about(t)
			d.Text = fmt.Sprintf("the domain's constraint fails if a row of table %s violates it", t.sql())
			d.Fix = fix.Words("look for such rows, and change them first")
			d.Query = fix.Rows(t.sql(), "NOT "+expr)
			rule := "constraint-may-fail-on-data"
			if isNotNullCheck("CHECK (" + expr + ")") {
				rule, d.Query = "set-not-null-data", fix.CountRows(t.sql(), strings.TrimSuffix(strings.TrimPrefix(expr, "("), " IS NOT NULL)")+" IS NULL")
			}
			found.add(s, rule, d)
		}
	}
	return found
}

func (s *snapshot) constrained(domain uint32) bool {
	t := s.types.Get(domain)
	if t == nil {
		return false
	}
	return t.NotNull || has(s.constraints, func(c *constraint) bool { return c.Domain == domain }) || s.constrained(t.Base)
}

// requiresValue reports whether a type is a domain that is NOT NULL, or that has a check which says so.
func (s *snapshot) requiresValue(typ uint32) bool {
	for d := s.types.Get(typ); d != nil && d.Kind == "d"; d = s.types.Get(d.Base) {
		if d.NotNull || has(s.constraints, func(c *constraint) bool { return c.Domain == d.OID && isNotNullCheck(c.Definition) }) {
			return true
		}
	}
	return false
}

// base returns a domain's base type and its name; for another type, the type itself and "".
func (s *snapshot) base(typ uint32) (oid uint32, name string) {
	for d := s.types.Get(typ); d != nil && d.Kind == "d"; d = s.types.Get(typ) {
		typ, name = d.Base, d.BaseText
	}
	return typ, name
}

// domainChecks returns the new checks of a domain and of the domains below it, each as a check of a column.
func (s *snapshot) domainChecks(domain uint32, before *snapshot, column string) (list []string) {
	for d := s.types.Get(domain); d != nil && d.Kind == "d"; d = s.types.Get(d.Base) {
		if was := before.types.Get(d.OID); d.NotNull && (was == nil || !was.NotNull) {
			list = append(list, "CHECK ("+pgsql.Ident(column)+" IS NOT NULL)")
		}
		for oid := range s.constraints.All() {
			if c := s.constraints.Get(oid); c.Domain == d.OID && before.constraints.Get(oid) == nil {
				list = append(list, onColumn(strings.TrimSuffix(c.Definition, " NOT VALID"), column))
			}
		}
	}
	return list
}

// columnChecks adds a constraint to taken for each check of a column, with a name that is free there and in the table.
func (s *snapshot) columnChecks(t *relation, column string, checks []string, taken *[]fix.Constraint) {
	for _, definition := range checks {
		name := pgsql.FreeName(t.Name+"_"+column, "_check", func(name string) bool {
			return s.freeConstraint(t, name, "") != pgsql.Ident(name) ||
				slices.ContainsFunc(*taken, func(c fix.Constraint) bool { return c.Name == pgsql.Ident(name) })
		})
		*taken = append(*taken, fix.Constraint{Table: t.sql(), Name: pgsql.Ident(name), Definition: definition})
	}
}

// onColumn turns a domain's check into a check of a column.
func onColumn(definition, column string) string {
	var b strings.Builder
	end := 0
	words := pgsql.Words(pgsql.Tokens(definition))
	for i, t := range words {
		if words.At(i) == "VALUE" {
			b.WriteString(definition[end:t.Pos.Offset])
			b.WriteString(pgsql.Ident(column))
			end = t.Pos.Offset + len(t.Text)
		}
	}
	return b.String() + definition[end:]
}
