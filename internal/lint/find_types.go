package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// typeChange finds what another type of a column costs and may lose. What it costs is the table's, however new the column is.
func (f *finder) typeChange(s *step, b, a *relation, was, is *column) {
	same := was.Type == is.Type && was.Typmod == is.Typmod && was.Collation == is.Collation
	if same && (s.using(was.Name) == nil || !s.named(b)) { // an expression can change what values are
		return
	}
	d := f.about(s, b)
	d.Column = pgsql.Ident(was.Name)
	change := fmt.Sprintf("changing %s.%s from %s to %s", b.sql(), d.Column, was.TypeText, is.TypeText)
	c := s.retyped(b, was, is)

	from, to := s.before.types[was.Type], s.after.types[is.Type]
	toEnum := !same && from != nil && to != nil && from.Kind == "e" && to.Kind == "e"
	if toEnum && f.startColumn(b.OID, was.Num) {
		var removed []string
		for _, l := range from.Labels {
			if !slices.Contains(to.Labels, l) {
				removed = append(removed, pgsql.Literal(l))
			}
		}
		d := d
		d.Text = change + " puts another enum in its place"
		if len(removed) > 0 {
			d.Text += ", without " + strings.Join(removed, ", ")
			d.Query = fix.CountRows(b.sql(), fmt.Sprintf("%s::text IN (%s)", d.Column, strings.Join(removed, ", ")))
		}
		d.Fix = fix.Words("keep the value, and forbid it by a check that is added NOT VALID and validated")
		f.add(s, "recreate-enum-type", d)
	}
	rewritten := s.rewrittenAny(b.OID)
	if rewritten {
		d := d
		d.Text = fmt.Sprintf("%s rewrites table %s and its indexes under %s: reads and writes wait until it is done", change, f.name(b), lockName(d.Lock))
		d.Fix = c.Expand()
		f.add(s, "type-change-rewrite", d)
	}
	if !rewritten && f.checked(s, b.OID, was.Num) && s.scannedAny(b.OID) {
		d := d
		d.Text = fmt.Sprintf("%s checks its constraints again, which reads all of table %s under %s: reads and writes wait until it is done", change, f.name(b), lockName(d.Lock))
		d.Fix = f.recheckFix(s, b, was)
		f.add(s, "type-change-recheck", d)
	}
	if names := f.rebuilt(s, b.OID); !rewritten && len(names) > 0 {
		d := d
		d.Text = fmt.Sprintf("%s rebuilds index %s of table %s under %s: reads and writes wait until it is done", change, strings.Join(names, ", "), f.name(b), lockName(d.Lock))
		d.Fix = fix.Words("drop the index concurrently before, and build it concurrently after; or use a new column")
		f.add(s, "type-change-reindex", d)
	}
	if fk, other := f.foreignKey(s, b.OID, was.Num); fk != nil && s.said("validating foreign key constraint") {
		d := d
		d.Text = fmt.Sprintf("%s checks foreign key %s again, with %s on %s and %s until it is done", change, pgsql.Ident(fk.Name), lockName(d.Lock), f.name(b), f.name(other))
		d.Fix = c.Expand()
		f.add(s, "type-change-revalidates-fk", d)
		f.said[other.sql()] = true
	}
	if !f.oldColumn(b.OID, was.Num) {
		return // nobody relies on its values yet
	}
	stat := d
	stat.Text = change + " drops what the planner knows about it"
	stat.Fix = fix.Analyze(b.sql(), d.Column)
	f.add(s, "type-change-loses-statistics", stat)
	for _, h := range c.Values() {
		if toEnum && h.Kind == hazard.Cast {
			continue // the labels that go are said already
		}
		d := f.about(s, b)
		d.Column, d.Text, d.Query, d.Fix = h.Column, change+" "+h.What, h.Query, h.Instead
		f.add(s, valueRules[h.Kind], d)
	}
}

// checked reports whether a check is on the column.
func (f *finder) checked(s *step, table uint32, num int16) bool {
	for _, c := range s.before.constraints {
		if c.Kind == "c" && c.Table == table && slices.Contains(c.Columns, num) {
			return true
		}
	}
	return false
}

func (f *finder) recheckFix(s *step, t *relation, c *column) fix.Text {
	var checks []fix.Constraint
	for _, oid := range sorted(s.before.constraints) {
		k := s.before.constraints[oid]
		if k.Kind == "c" && k.Table == t.OID && slices.Contains(k.Columns, c.Num) {
			checks = append(checks, fix.Constraint{Table: t.sql(), Name: pgsql.Ident(k.Name), Definition: strings.TrimSuffix(k.Definition, " NOT VALID")})
		}
	}
	return fix.Recheck(s.stmt.Text, checks)
}

// rebuilt names the indexes of a table that the statement rebuilt.
func (f *finder) rebuilt(s *step, table uint32) []string {
	var names []string
	for _, oid := range sorted(s.before.indexes) {
		x, r := s.before.indexes[oid], s.before.relations[oid]
		if x.Table != table || r == nil {
			continue
		}
		if a := s.after.relations[oid]; a != nil {
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

// foreignKey returns a foreign key that the column is in, on either side, and the table on the other.
func (f *finder) foreignKey(s *step, table uint32, num int16) (*constraint, *relation) {
	for _, oid := range sorted(s.before.constraints) {
		c := s.before.constraints[oid]
		if c.Kind != "f" {
			continue
		}
		if c.Table == table && slices.Contains(c.Columns, num) && s.before.relations[c.References] != nil {
			return c, s.before.relations[c.References]
		}
		if c.References == table && slices.Contains(c.RefColumns, num) && s.before.relations[c.Table] != nil {
			return c, s.before.relations[c.Table]
		}
	}
	return nil, nil
}

// retyped is the change of a column's type by the statement.
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

// valueRules are the rules that hazards of values are of.
var valueRules = map[hazard.Kind]string{hazard.Lossy: "lossy-type-change", hazard.Narrow: "narrowing-type-change", hazard.Cast: "cast-may-fail"}

// resolved is the type of a column with what it is made of.
func (s *snapshot) resolved(c *column) hazard.Type {
	t, oid := hazard.Type{Name: c.TypeText}, c.Type
	for d := s.types[oid]; d != nil && d.Kind == "d"; d = s.types[oid] {
		t.Base, oid = d.BaseText, d.Base
		t.Checked = t.Checked || d.NotNull
		for _, k := range s.constraints {
			t.Checked = t.Checked || k.Domain == d.OID
		}
	}
	for _, e := range s.types {
		if e.Kind == "e" && (e.OID == oid || e.Array == oid) {
			t.Labels = e.Labels
		}
	}
	return t
}
