package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// columns finds what happened to columns of old tables.
func (f *finder) columns(s *step) {
	for _, oid := range sorted(s.before.relations) {
		b, a := f.oldTable(s, oid), s.after.relations[oid]
		if b == nil || a == nil || !s.direct(b) {
			continue
		}
		var added []*column
		for _, n := range sortedColumns(a) {
			was, is := b.columns[n], a.columns[n]
			if was == nil {
				added = append(added, is)
				continue
			}
			f.typeChange(s, b, a, was, is)
			f.nullability(s, b, was, is)
			f.defaults(s, b, was, is)
		}
		f.addedColumns(s, b, a, added)
	}
}

func (f *finder) addedColumns(s *step, b, a *relation, added []*column) {
	rewritten := s.rewrittenAny(b.OID)
	var computed, domains []*column
	// Something else in the statement rewrites the table too.
	otherwise := slices.ContainsFunc(s.st.Actions, func(a pgsql.Action) bool {
		_, _, ok := a.Type()
		return ok || a.Words.At(0) == "SET"
	})
	for _, c := range added {
		if c.NotNull && c.Default == "" && c.Identity == "" && c.Generated == "" {
			d := f.about(s, b)
			d.Column = pgsql.Ident(c.Name)
			d.Text = fmt.Sprintf("adding column %s.%s, NOT NULL and without a default, fails if the table has a row", b.sql(), d.Column)
			d.Fix = fix.AddNotNull(s.before.fixColumn(b, c.Name, c.TypeText), s.before.notNullCheck(b, c))
			d.Query = fix.CountRows(b.sql(), "")
			f.add(s, "add-not-null-column-no-default", d)
		}
		if !rewritten {
			continue
		}
		switch {
		case c.Generated == "s":
			otherwise = true
			f.addedRewrites(s, b, c, "add-column-stored-generated", "a stored generated column",
				fix.AddComputed(s.before.fixColumn(b, c.Name, c.TypeText), c.Default))
		case c.Identity != "" || f.serial(s.after, c):
			otherwise = true
			seq := sqlName(b.Schema, s.before.freeRelation(b.Schema, b.Name+"_"+c.Name, "_seq"))
			f.addedRewrites(s, b, c, "add-column-serial-identity", "a column that is numbered",
				fix.AddNumbered(s.before.fixColumn(b, c.Name, "bigint"), seq, s.before.notNullCheck(b, c)))
		case c.TypeKind == "d" && f.constrained(s.after, c.Type):
			otherwise = true
			var checks []fix.Constraint
			s.before.columnChecks(b, c.Name, s.after.domainChecks(c.Type, &snapshot{}, c.Name), &checks)
			f.addedRewrites(s, b, c, "add-column-constrained-domain", "a column of a domain with constraints",
				fix.AddChecked(s.before.fixColumn(b, c.Name, s.after.baseType(c.Type)), checks))
		case c.Default != "":
			computed = append(computed, c)
		case c.TypeKind == "d":
			domains = append(domains, c)
		}
	}
	known := volatile(computed, otherwise)
	if len(known) == 0 && !otherwise { // the default is the domain's
		for _, c := range domains {
			f.addedRewrites(s, b, c, "add-column-volatile-default", "a column of a domain whose default is computed for each row",
				fix.Words("add the column with the type that the domain is made of, then set its default, and fill it in batches"))
		}
	}
	for _, c := range known {
		check := ""
		if c.NotNull {
			check = s.before.notNullCheck(b, c)
		}
		f.addedRewrites(s, b, c, "add-column-volatile-default", "a column whose default is computed for each row",
			fix.AddDefault(s.before.fixColumn(b, c.Name, c.TypeText), c.Default, check))
	}
}

// volatile returns those columns whose defaults made PostgreSQL rewrite the table: only one of several need have. If something
// else would have made it do that, a default must be known to be volatile.
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
	// call matches an expression that calls a function, and volatileCall one that calls a function of PostgreSQL or of its
	// extensions whose result is another for each row.
	call         = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[a-z_"]\(`) })
	volatileCall = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\b(random|gen_random_uuid|gen_random_bytes|uuid_generate_v[0-9]\w*|clock_timestamp|timeofday|nextval)\(`)
	})
)

func (f *finder) addedRewrites(s *step, t *relation, c *column, name, what string, instead fix.Text) {
	d := f.about(s, t)
	d.Column = pgsql.Ident(c.Name)
	d.Text = fmt.Sprintf("adding %s, %s, rewrites table %s under %s: reads and writes wait until it is done", d.Column, what, f.name(t), lockName(d.Lock))
	d.Fix = instead
	f.add(s, name, d)
}

// serial reports whether a column's default takes numbers from a sequence of its own.
func (f *finder) serial(s *snapshot, c *column) bool {
	for _, r := range s.relations {
		if r.Kind == "S" && r.OwnerTable == c.Table && r.OwnerColumn == c.Num && strings.HasPrefix(c.Default, "nextval(") {
			return true
		}
	}
	return false
}

func (f *finder) constrained(s *snapshot, domain uint32) bool {
	t := s.types[domain]
	if t == nil {
		return false
	}
	for _, c := range s.constraints {
		if c.Domain == domain {
			return true
		}
	}
	return t.NotNull || f.constrained(s, t.Base)
}

// baseType is the type that a domain is made of.
func (s *snapshot) baseType(domain uint32) string {
	text := ""
	for d := s.types[domain]; d != nil && d.Kind == "d"; d = s.types[d.Base] {
		text = d.BaseText
	}
	return text
}

func (f *finder) nullability(s *step, t *relation, was, is *column) {
	if was.NotNull == is.NotNull {
		return
	}
	d := f.about(s, t)
	d.Column = pgsql.Ident(is.Name)
	switch {
	case was.NotNull && !is.NotNull && f.oldColumn(t.OID, is.Num):
		d.Text = fmt.Sprintf("column %s.%s may be NULL now: what reads it may not be ready for that", t.sql(), d.Column)
		d.Fix = fix.Words("make its readers ready for NULL first")
		f.add(s, "drop-not-null", d)
	case !was.NotNull && is.NotNull:
		if f.newPrimaryKey(s, t.OID) || s.said("existing constraints on column \""+t.Name+"."+is.Name+"\" are sufficient") {
			return
		}
		if s.scannedAny(t.OID) || s.rewrittenAny(t.OID) {
			scan := d
			scan.Text = fmt.Sprintf("setting %s.%s NOT NULL reads all of table %s under %s: reads and writes wait until it is done", t.sql(), d.Column, f.name(t), lockName(d.Lock))
			scan.Fix = s.before.notNull(t, is)
			f.add(s, "set-not-null-scan", scan)
		}
		if !f.filled(s, t, is) {
			d.Text = fmt.Sprintf("setting column %s.%s NOT NULL fails if a row has a NULL there", t.sql(), d.Column)
			d.Query = fix.CountRows(t.sql(), d.Column+" IS NULL")
			d.Fix = fix.Words("fill those rows first")
			f.add(s, "set-not-null-data", d)
		}
	}
}

func (f *finder) newPrimaryKey(s *step, table uint32) bool {
	for oid, c := range s.after.constraints {
		if c.Table == table && c.Kind == "p" && s.before.constraints[oid] == nil {
			return true
		}
	}
	return false
}

// filled reports whether the change has given every row a value in the column: the column came with a default, or an UPDATE set
// it wherever it was NULL.
func (f *finder) filled(s *step, t *relation, c *column) bool {
	for _, o := range append(slices.Clone(f.earlier), f.tr.steps...) {
		if o == s {
			return false
		}
		if b, a := o.before.relations[t.OID], o.after.relations[t.OID]; b != nil && a != nil && b.columns[c.Num] == nil && a.columns[c.Num] != nil &&
			a.columns[c.Num].Default != "" && !strings.HasPrefix(a.columns[c.Num].Default, "NULL") {
			return true
		}
		if o.st.Verb == "UPDATE" && len(o.st.Targets) == 1 && o.ran() && o.before.find(o.st.Targets[0].Schema, o.st.Targets[0].Name) == o.before.relations[t.OID] &&
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

// sets reports whether an UPDATE gives a column a value in every row where it is NULL.
func sets(st *pgsql.Statement, column string) bool {
	cond, conditional := condition(st)
	return assigns(st, column) && (!conditional || isNull(cond) == column)
}

func (f *finder) defaults(s *step, t *relation, was, is *column) {
	if was.Default == is.Default && was.Identity == is.Identity {
		return
	}
	d := f.about(s, t)
	d.Column = pgsql.Ident(is.Name)
	old := f.oldColumn(t.OID, is.Num)
	if old && was.Identity != "a" && is.Identity == "a" {
		d.Text = fmt.Sprintf("column %s.%s is GENERATED ALWAYS now: inserts that give it a value fail", t.sql(), d.Column)
		d.Fix = fix.Words("leave it GENERATED BY DEFAULT until no client gives it a value")
		if stmt, ok := with(s.stmt.Text, []string{"GENERATED", "ALWAYS"}, "GENERATED BY DEFAULT"); ok && was.Identity == "" {
			d.Fix = fix.IdentityByDefault(stmt)
		}
		f.add(s, "identity-always", d)
	}
	if end := f.endColumn(t.OID, is.Num); was.Identity != "" && is.Identity == "" && is.NotNull && end != nil && end.NotNull && end.Default == "" && end.Identity == "" {
		d.Text = fmt.Sprintf("column %s.%s, which is NOT NULL, is not numbered any more: inserts that leave it out fail", t.sql(), d.Column)
		d.Fix = fix.Words("wait until nothing writes without it")
		f.add(s, "drop-default", d)
	}
	if was.Generated != "" || is.Generated != "" || was.Default == is.Default || is.Default != "" && !old {
		return
	}
	switch end := f.endColumn(t.OID, is.Num); {
	case is.Default != "":
		d.Text = fmt.Sprintf("inserts that leave column %s.%s out get %s now", t.sql(), d.Column, is.Default)
		d.Fix = fix.Words("deploy writers that set it first")
		f.add(s, "change-default", d)
	case end == nil || end.Default != "" || end.Identity != "":
		// It goes, or gets another.
	case old && f.base.relations[t.OID].columns[is.Num].Default == "":
		// The change gave it, the change takes it.
	case end.NotNull && f.becameNotNull(t.OID, is.Num):
		d.Text = fmt.Sprintf("column %s.%s is NOT NULL now and has lost its default: inserts that leave it out fail", t.sql(), d.Column)
		d.Fix = fix.Words("keep the default for one release more")
		f.add(s, "not-null-table-default-removed", d)
	case end.NotNull:
		d.Text = fmt.Sprintf("column %s.%s, which is NOT NULL, loses its default: inserts that leave it out fail", t.sql(), d.Column)
		d.Fix = fix.Words("wait until nothing writes without it")
		f.add(s, "drop-default", d)
	}
}

func (f *finder) endColumn(table uint32, num int16) *column {
	if t := f.end.relations[table]; t != nil {
		return t.columns[num]
	}
	return nil
}

// becameNotNull reports whether the column was nullable before the file.
func (f *finder) becameNotNull(table uint32, num int16) bool {
	t := f.start.relations[table]
	return t != nil && t.columns[num] != nil && !t.columns[num].NotNull
}
