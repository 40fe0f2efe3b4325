package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// droppedColumns finds dropped columns, and what was dropped with them.
func droppedColumns(s *step, b, a *relation) (found findings) {
	if !b.isTable() || !s.direct(b) {
		return found
	}
	for _, n := range sorted(b.columns) {
		c := b.columns[n]
		if a.columns[n] != nil || !s.oldColumn(b.OID, n) {
			continue
		}
		if !s.named(b) {
			continue // by CASCADE
		}
		if !s.computedAgain(b, c) {
			d := s.about(b)
			d.Column = pgsql.Ident(c.Name)
			d.Text = fmt.Sprintf("dropping column %s.%s deletes its data and breaks everything that still uses it", b.sql(), d.Column)
			d.Fix = fix.Words("stop writing and reading the column in one release, then drop it in a later one")
			if c.Generated != "" {
				d.Text = fmt.Sprintf("dropping generated column %s.%s breaks everything that still uses it", b.sql(), d.Column)
				d.Fix = fix.Words("stop reading the column in one release, then drop it in a later one")
			}
			found.add(s, "drop-column", d)
		}
		if lost, instead := wentWith(s, b, n); len(lost) > 0 {
			d := s.about(b)
			d.Column = pgsql.Ident(c.Name)
			d.Text = fmt.Sprintf("dropping column %s.%s also drops %s, under %s on the table", b.sql(), d.Column, strings.Join(lost, ", "), lockName(d.Lock))
			d.Fix = instead
			found.add(s, "drop-column-drops-index", d)
		}
	}
	return found
}

// computedAgain reports whether a dropped column was generated, and the file adds a generated one of its name.
func (s *step) computedAgain(t *relation, c *column) bool {
	end := s.end().relations.Get(t.OID)
	if c.Generated == "" || end == nil {
		return false
	}
	again := end.column(c.Name)
	return again != nil && again.Generated != ""
}

// wentWith returns the indexes and constraints that were dropped with a column, and how to drop them first. It omits
// those that the statement drops by name, and those that the file's transaction creates again.
func wentWith(s *step, t *relation, num int16) (lost []string, instead fix.Text) {
	var constraints, indexes []string
	end := s.end()
	again := s.computedAgain(t, t.columns[num])
	for oid := range s.before.constraints.All() {
		c := s.before.constraints.Get(oid)
		if s.acts("DROP CONSTRAINT", c.Name) ||
			again && has(end.constraints, func(o *constraint) bool { return o.Table == c.Table && o.Name == c.Name && o.Kind == c.Kind }) {
			continue
		}
		if c.Table != t.OID || c.Kind == "c" || s.trace.base.constraints.Get(oid) == nil || s.after.constraints.Get(oid) != nil || !slices.Contains(c.Columns, num) {
			continue
		}
		lost = append(lost, constraintKinds[c.Kind]+" "+pgsql.Ident(c.Name))
		constraints = append(constraints, pgsql.Ident(c.Name))
	}
	for oid := range s.before.indexes.All() {
		x := s.before.indexes.Get(oid)
		r := s.before.relations.Get(oid)
		if x.Table != t.OID || s.before.hasConstraint(oid) || r == nil || s.trace.base.indexes.Get(oid) == nil || s.after.indexes.Get(oid) != nil ||
			!slices.Contains(x.Columns, num) && !x.Expression && x.Predicate == "" {
			continue
		}
		if now := end.find(r.Schema, r.Name); again && now != nil && end.indexes.Get(now.OID) != nil {
			continue
		}
		lost = append(lost, "index "+pgsql.Ident(r.Name))
		indexes = append(indexes, r.sql())
	}
	return lost, fix.DropIndexes(indexes, t.sql(), constraints)
}

func renamedColumns(s *step, b, a *relation) (found findings) {
	for _, n := range sorted(b.columns) {
		was, is := b.columns[n], a.columns[n]
		if is == nil || is.Name == was.Name {
			continue
		}
		d := s.about(b)
		d.Column = pgsql.Ident(was.Name)
		switch {
		case b.isView():
			d.Text = fmt.Sprintf("renaming column %s of view %s breaks everything that still uses the old name", d.Column, b.sql())
			d.Fix = fix.Words("create a new view next to the old one, or append the column under its new name with CREATE OR REPLACE VIEW")
			found.add(s, "view-columns-changed", d)
		case b.isTable() && s.oldColumn(b.OID, n) && s.direct(b) && !s.viewHas(b, was.Name):
			d.Text = fmt.Sprintf("renaming column %s.%s to %s breaks everything that still uses the old name", b.sql(), d.Column, pgsql.Ident(is.Name))
			d.Fix = s.before.rename(b, was, is.Name)
			found.add(s, "rename-column", d)
		}
	}
	return found
}

// changedColumns finds changes to columns of existing tables.
func changedColumns(s *step) (found findings) {
	for _, oid := range s.touched() {
		b, a := s.oldTable(oid), s.after.relations.Get(oid)
		if b == nil || a == nil || !s.direct(b) {
			continue
		}
		var added []*column
		for _, n := range sorted(a.columns) {
			was, is := b.columns[n], a.columns[n]
			if was == nil {
				added = append(added, is)
				continue
			}
			found = append(found, typeChange(s, b, a, was, is)...)
			found = append(found, nullability(s, b, was, is)...)
			found = append(found, defaults(s, b, was, is)...)
		}
		found = append(found, addedColumns(s, b, a, added)...)
	}
	return found
}

func addedColumns(s *step, b, a *relation, added []*column) (found findings) {
	rewritten := s.rewrittenAny(b.OID)
	var computed, domains []*column
	// Another action rewrites the table too.
	otherwise := slices.ContainsFunc(s.st.Actions, func(a pgsql.Action) bool {
		_, _, ok := a.Type()
		return ok || a.Words.At(0) == "SET"
	})
	for _, c := range added {
		if c.NotNull && c.Default == "" && c.Identity == "" && c.Generated == "" {
			d := s.about(b)
			d.Column = pgsql.Ident(c.Name)
			d.Text = fmt.Sprintf("adding NOT NULL column %s.%s without a default fails if the table has rows", b.sql(), d.Column)
			d.Fix = fix.AddNotNull(s.before.fixColumn(b, c.Name, c.TypeText), s.before.notNullCheck(b, c))
			d.Query = fix.CountRows(b.sql(), "")
			found.add(s, "add-not-null-column-no-default", d)
		}
		if c.null() && s.after.requiresValue(c.Type) {
			d := s.about(b)
			d.Column = pgsql.Ident(c.Name)
			d.Text = fmt.Sprintf("adding column %s.%s of a domain that is NOT NULL, without a default, fails if the table has rows", b.sql(), d.Column)
			_, base := s.after.base(c.Type)
			d.Fix = fix.AddNotNull(s.before.fixColumn(b, c.Name, base), s.before.notNullCheck(b, c))
			d.Query = fix.CountRows(b.sql(), "")
			found.add(s, "add-not-null-column-no-default", d)
		}
		if !rewritten {
			continue
		}
		switch {
		case c.Generated == "s":
			otherwise = true
			found = append(found, addedRewrites(s, b, c, "add-column-stored-generated", "a stored generated column",
				fix.AddComputed(s.before.fixColumn(b, c.Name, c.TypeText), c.Default))...)
		case c.Identity != "" || s.after.serial(c):
			otherwise = true
			seq := sqlName(b.Schema, s.before.freeRelation(b.Schema, b.Name+"_"+c.Name, "_seq"))
			found = append(found, addedRewrites(s, b, c, "add-column-serial-identity", "an identity or serial column",
				fix.AddNumbered(s.before.fixColumn(b, c.Name, "bigint"), seq, s.before.notNullCheck(b, c)))...)
		case c.TypeKind == "d" && s.after.constrained(c.Type):
			otherwise = true
			var checks []fix.Constraint
			s.before.columnChecks(b, c.Name, s.after.domainChecks(c.Type, &snapshot{}, c.Name), &checks)
			_, base := s.after.base(c.Type)
			found = append(found, addedRewrites(s, b, c, "add-column-constrained-domain", "a column of a domain with constraints",
				s.checkedColumn(b, c, base, checks))...)
		case c.Default != "":
			computed = append(computed, c)
		case c.TypeKind == "d":
			domains = append(domains, c)
		}
	}
	known := volatile(computed, otherwise)
	if len(known) == 0 && !otherwise { // it is the domain's default
		for _, c := range domains {
			found = append(found, addedRewrites(s, b, c, "add-column-volatile-default", "a column of a domain with a volatile default",
				fix.Words("add the column with the domain's base type, then set its default, and fill it in batches"))...)
		}
	}
	for _, c := range known {
		check := ""
		if c.NotNull {
			check = s.before.notNullCheck(b, c)
		}
		found = append(found, addedRewrites(s, b, c, "add-column-volatile-default", "a column with a volatile default",
			fix.AddDefault(s.before.fixColumn(b, c.Name, c.TypeText), c.Default, check))...)
	}
	return found
}

// checkedColumn returns how to add a column of a domain's base type and the domain's checks. If they require a value,
// the check comes after writers and existing rows have one.
func (s *step) checkedColumn(t *relation, c *column, base string, checks []fix.Constraint) fix.Text {
	col := s.before.fixColumn(t, c.Name, base)
	if c.null() && s.after.requiresValue(c.Type) {
		return fix.AddNotNull(col, s.before.notNullCheck(t, c))
	}
	return fix.AddChecked(col, checks)
}

// volatile returns the columns whose defaults may have made PostgreSQL rewrite the table: those with a default that is
// known to be volatile, or else those with a default that calls a function, or else all. If another action rewrites the
// table anyway (otherwise), only the first kind counts.
func volatile(columns []*column, otherwise bool) []*column {
	matching := func(expr *regexp.Regexp) []*column {
		return slices.DeleteFunc(slices.Clone(columns), func(c *column) bool { return !expr.MatchString(c.Default) })
	}
	if known := matching(volatileCall()); len(known) > 0 || otherwise {
		return known
	}
	if calls := matching(call()); len(calls) > 0 {
		return calls
	}
	return columns
}

var (
	// call matches an expression that calls a function, volatileCall one that calls a volatile function of PostgreSQL
	// or of its extensions.
	call         = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[a-z_"]\(`) })
	volatileCall = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\b(random|gen_random_uuid|gen_random_bytes|uuid_generate_v[0-9]\w*|clock_timestamp|timeofday|nextval)\(`)
	})
)

func addedRewrites(s *step, t *relation, c *column, name, what string, instead fix.Text) (found findings) {
	d := s.about(t)
	d.Column = pgsql.Ident(c.Name)
	d.Text = fmt.Sprintf("adding %s, %s, rewrites table %s under %s, which blocks reads and writes until it is done", d.Column, what, s.name(t), lockName(d.Lock))
	d.Fix = instead
	found.add(s, name, d)
	return found
}

// serial reports whether a column's default uses a sequence that the column owns.
func (s *snapshot) serial(c *column) bool {
	return s.sequence(c) != nil && strings.HasPrefix(c.Default, "nextval(")
}

// sequence returns the sequence that a column, which may be nil, owns; nil if there is none.
func (s *snapshot) sequence(c *column) *relation {
	for _, r := range s.relations.All() {
		if r.Kind == "S" && c != nil && r.OwnerTable == c.Table && r.OwnerColumn == c.Num {
			return r
		}
	}
	return nil
}

func nullability(s *step, t *relation, was, is *column) (found findings) {
	before, after := s.before.neverNull(was), s.after.neverNull(is)
	if before == after {
		return found
	}
	d := s.about(t)
	d.Column = pgsql.Ident(is.Name)
	switch {
	case before && !after && s.oldColumn(t.OID, is.Num):
		d.Text = fmt.Sprintf("column %s.%s may now be NULL, which its readers may not expect", t.sql(), d.Column)
		d.Fix = fix.Words("prepare its readers for NULL first")
		found.add(s, "drop-not-null", d)
	case !before && after:
		validated := was.NotNull && d.Lock != hazard.AccessExclusive
		if validated || newPrimaryKey(s, t.OID) || s.provedNotNull(t, is) {
			return found
		}
		if s.scannedAny(t.OID) || s.rewrittenAny(t.OID) || s.before.noPartitions(t) {
			scan := d
			scan.Text = fmt.Sprintf("setting %s.%s NOT NULL scans table %s under %s, which blocks reads and writes until it is done", t.sql(), d.Column, s.name(t), lockName(d.Lock))
			scan.Fix = s.before.notNull(t, is)
			found.add(s, "set-not-null-scan", scan)
		}
		if !filled(s, t, is) {
			d.Text = fmt.Sprintf("setting column %s.%s NOT NULL fails if it has NULLs", t.sql(), d.Column)
			d.Query = fix.CountRows(t.sql(), d.Column+" IS NULL")
			d.Fix = fix.Words("fill those rows first")
			found.add(s, "set-not-null-data", d)
		}
	}
	return found
}

// neverNull reports whether a column has no NULLs. PostgreSQL says so before the rows are validated, too.
func (s *snapshot) neverNull(c *column) bool {
	return c.NotNull && !has(s.unvalidated, func(n *notNull) bool { return n.Table == c.Table && n.Column == c.Num })
}

// provedNotNull reports whether the server said that a constraint proves that the column has no NULLs. Servers older
// than 13 quote the two names separately.
func (s *step) provedNotNull(t *relation, c *column) bool {
	const message = "existing constraints on column \""
	return s.messaged(message+t.Name+"."+c.Name+"\" are sufficient") || s.messaged(message+t.Name+"\".\""+c.Name+"\" are sufficient")
}

func newPrimaryKey(s *step, table uint32) bool {
	return has(s.after.constraints, func(c *constraint) bool {
		return c.Table == table && c.Kind == "p" && s.before.constraints.Get(c.OID) == nil
	})
}

// filled reports whether the change has given every row a value in the column: the column was added with a default, or
// an UPDATE set it in all rows in which it was NULL.
func filled(s *step, t *relation, c *column) bool {
	for _, o := range s.trace.all() {
		if o == s || o == s.of {
			return false
		}
		if b, a := o.before.relations.Get(t.OID), o.after.relations.Get(t.OID); b != nil && a != nil && b.columns[c.Num] == nil && a.columns[c.Num] != nil &&
			a.columns[c.Num].Default != "" && !strings.HasPrefix(a.columns[c.Num].Default, "NULL") {
			return true
		}
		if o.st.Verb == "UPDATE" && len(o.st.Targets) == 1 && o.ran() && o.before.find(o.st.Targets[0].Schema, o.st.Targets[0].Name) == o.before.relations.Get(t.OID) &&
			sets(o.st, c.Name) {
			return true
		}
	}
	return false
}

// assigns reports whether an UPDATE gives a column a value that is not NULL.
func assigns(st *pgsql.Statement, column string) bool {
	list, _ := assignments(st)
	return slices.ContainsFunc(list, func(part pgsql.Words) bool {
		n, next, ok := part.Name(0)
		return ok && n.Name == column && part.At(next) == "=" && part.At(next+1) != "NULL"
	})
}

// sets reports whether an UPDATE gives a column a value in every row in which it is NULL.
func sets(st *pgsql.Statement, column string) bool {
	cond, _ := condition(st)
	return assigns(st, column) && !slices.ContainsFunc(all(cond), func(c pgsql.Words) bool {
		return len(c) > 0 && !always(c) && isNull(c) != column // always: also the mark of a batch
	})
}

func defaults(s *step, t *relation, was, is *column) (found findings) {
	if was.Default == is.Default && was.Identity == is.Identity {
		return found
	}
	d := s.about(t)
	d.Column = pgsql.Ident(is.Name)
	old := s.oldColumn(t.OID, is.Num)
	if old && was.Identity != "a" && is.Identity == "a" {
		d.Text = fmt.Sprintf("column %s.%s is now GENERATED ALWAYS: inserts that set it fail", t.sql(), d.Column)
		d.Fix = fix.Words("keep it GENERATED BY DEFAULT until no client sets it")
		if stmt, ok := with(s.stmt.Text, []string{"GENERATED", "ALWAYS"}, "GENERATED BY DEFAULT"); ok && was.Identity == "" {
			d.Fix = fix.IdentityByDefault(stmt)
		}
		found.add(s, "identity-always", d)
	}
	if end := s.endColumn(t.OID, is.Num); was.Identity != "" && is.Identity == "" && is.NotNull && end != nil && end.NotNull && end.Default == "" && end.Identity == "" {
		d.Text = fmt.Sprintf("NOT NULL column %s.%s is no longer an identity column: inserts that omit it fail", t.sql(), d.Column)
		d.Fix = fix.Words("wait until no insert omits it")
		found.add(s, "drop-default", d)
	}
	if was.Generated != "" || is.Generated != "" || was.Default == is.Default || is.Default != "" && !old {
		return found
	}
	switch end := s.endColumn(t.OID, is.Num); {
	case is.Default != "":
		d.Text = fmt.Sprintf("inserts that omit column %s.%s now get %s", t.sql(), d.Column, is.Default)
		d.Fix = fix.Words("first deploy writers that set it")
		found.add(s, "change-default", d)
	case end == nil || end.Default != "" || end.Identity != "":
		// It is dropped, or gets another default.
	case old && s.trace.base.relations.Get(t.OID).columns[is.Num].Default == "":
		// The change itself had set it.
	case end.NotNull && s.becameNotNull(t.OID, is.Num):
		d.Text = fmt.Sprintf("column %s.%s is now NOT NULL and has lost its default: inserts that omit it fail", t.sql(), d.Column)
		d.Fix = fix.Words("keep the default for one more release")
		found.add(s, "not-null-table-default-removed", d)
	case end.NotNull:
		d.Text = fmt.Sprintf("NOT NULL column %s.%s loses its default: inserts that omit it fail", t.sql(), d.Column)
		d.Fix = fix.Words("wait until no insert omits it")
		found.add(s, "drop-default", d)
	}
	return found
}

func (s *step) endColumn(table uint32, num int16) *column {
	if t := s.end().relations.Get(table); t != nil {
		return t.columns[num]
	}
	return nil
}

// becameNotNull reports whether the column was nullable before the file.
func (s *step) becameNotNull(table uint32, num int16) bool {
	t := s.trace.start().relations.Get(table)
	return t != nil && t.columns[num] != nil && !t.columns[num].NotNull
}

// null reports whether existing rows get NULL when the column is added.
func (c *column) null() bool {
	return (c.Default == "" || strings.HasPrefix(c.Default, "NULL")) && c.Identity == "" && c.Generated == ""
}

// unwritten returns a new column as it was added, or nil if an UPDATE has written it since.
func unwritten(s *step, t *relation, c *column) *column {
	var came *column
	for _, o := range s.trace.all() {
		if o == s || o == s.of {
			break
		}
		if a := o.after.relations.Get(t.OID); came == nil && a != nil {
			came = a.columns[c.Num]
		}
		for _, st := range changesRows(o.st) {
			if st.Verb == "UPDATE" && assigns(st, c.Name) {
				return nil
			}
		}
	}
	return came
}
