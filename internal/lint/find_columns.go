package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
			if f.oldColumn(oid, n) {
				f.typeChange(s, b, a, was, is)
			}
			f.nullability(s, b, was, is)
			f.defaults(s, b, was, is)
		}
		f.addedColumns(s, b, a, added)
	}
}

func (f *finder) addedColumns(s *step, b, a *relation, added []*column) {
	rewritten := s.rewrittenAny(b.OID)
	var computed []*column
	for _, c := range added {
		if c.NotNull && c.Default == "" && c.Identity == "" && c.Generated == "" {
			d := f.about(s, b)
			d.Column = pgsql.Ident(c.Name)
			d.Text = fmt.Sprintf("adding column %s.%s, NOT NULL and without a default, fails if the table has a row", b.sql(), d.Column)
			d.Fix = fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s;\n-- fill it in batches, then in a later migration:\n%s", b.sql(), d.Column, c.TypeText, f.notNullRecipe(b, c))
			d.Query = fmt.Sprintf("SELECT count(*) FROM %s;", b.sql())
			f.add(s, "add-not-null-column-no-default", d)
		}
		if !rewritten {
			continue
		}
		switch {
		case c.Generated == "s":
			f.addedRewrites(s, b, c, "add-column-stored-generated", "a stored generated column",
				fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s;\n-- keep it up to date by a trigger, and fill it in batches", b.sql(), pgsql.Ident(c.Name), c.TypeText))
		case c.Identity != "" || f.serial(s.after, c):
			name := pgsql.Ident(c.Name)
			seq := sqlName(b.Schema, b.Name+"_"+c.Name+"_seq")
			f.addedRewrites(s, b, c, "add-column-serial-identity", "a column that is numbered",
				fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s bigint;\nCREATE SEQUENCE %s OWNED BY %s.%s;\nALTER TABLE %s ALTER COLUMN %s SET DEFAULT nextval(%s);\n-- fill it in batches, then in a later migration:\n%s",
					b.sql(), name, seq, b.sql(), name, b.sql(), name, pgsql.Literal(seq), f.notNullRecipe(b, c)))
		case c.TypeKind == "d" && f.constrained(s.after, c.Type):
			f.addedRewrites(s, b, c, "add-column-constrained-domain", "a column of a domain with constraints",
				fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s;\n-- and a check on it: ADD CONSTRAINT ... CHECK (...) NOT VALID, then VALIDATE CONSTRAINT", b.sql(), pgsql.Ident(c.Name), f.baseType(s.after, c)))
		case c.Default != "":
			computed = append(computed, c)
		}
	}
	// Only one of several defaults need be volatile.
	if calls := slices.DeleteFunc(slices.Clone(computed), func(c *column) bool { return !call.MatchString(c.Default) }); len(calls) > 0 {
		computed = calls
	}
	for _, c := range computed {
		name := pgsql.Ident(c.Name)
		f.addedRewrites(s, b, c, "add-column-volatile-default", "a column whose default is computed for each row",
			fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s;\nALTER TABLE %[1]s ALTER COLUMN %[2]s SET DEFAULT %[4]s;\n-- then fill it in batches", b.sql(), name, c.TypeText, c.Default))
	}
}

// call matches an expression that calls a function.
var call = regexp.MustCompile(`[a-z_"]\(`)

func (f *finder) addedRewrites(s *step, t *relation, c *column, name, what, fix string) {
	d := f.about(s, t)
	d.Column = pgsql.Ident(c.Name)
	d.Text = fmt.Sprintf("adding %s, %s, rewrites table %s under %s: reads and writes wait until it is done", d.Column, what, f.name(t), lockName(d.Lock))
	d.Fix = fix
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

func (f *finder) baseType(s *snapshot, c *column) string {
	for _, r := range s.relations {
		for _, o := range r.columns {
			if t := s.types[c.Type]; t != nil && o.Type == t.Base && o.Typmod == -1 {
				return o.TypeText
			}
		}
	}
	return "<the domain's own type>"
}

// notNullRecipe is how a column is set NOT NULL without a scan under a strong lock.
func (f *finder) notNullRecipe(t *relation, c *column) string {
	name, check := pgsql.Ident(c.Name), pgsql.Ident(short(t.Name+"_"+c.Name+"_not_null"))
	return fmt.Sprintf(`ALTER TABLE %[1]s ADD CONSTRAINT %[3]s CHECK (%[2]s IS NOT NULL) NOT VALID;
-- in a later transaction:
ALTER TABLE %[1]s VALIDATE CONSTRAINT %[3]s;
-- and in one after that:
ALTER TABLE %[1]s ALTER COLUMN %[2]s SET NOT NULL;
ALTER TABLE %[1]s DROP CONSTRAINT %[3]s;`, t.sql(), name, check)
}

// short cuts a name to what PostgreSQL keeps.
func short(name string) string {
	const limit = 63
	if len(name) > limit {
		name = strings.ToValidUTF8(name[:limit], "")
	}
	return name
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
		d.Fix = "make its readers ready for NULL first"
		f.add(s, "drop-not-null", d)
	case !was.NotNull && is.NotNull:
		if f.newPrimaryKey(s, t.OID) || s.said("existing constraints on column \""+t.Name+"."+is.Name+"\" are sufficient") {
			return
		}
		if s.scannedAny(t.OID) || s.rewrittenAny(t.OID) {
			scan := d
			scan.Text = fmt.Sprintf("setting %s.%s NOT NULL reads all of table %s under %s: reads and writes wait until it is done", t.sql(), d.Column, f.name(t), lockName(d.Lock))
			scan.Fix = f.notNullRecipe(t, is)
			f.add(s, "set-not-null-scan", scan)
		}
		if !f.filled(s, t, is) {
			d.Text = fmt.Sprintf("setting column %s.%s NOT NULL fails if a row has a NULL there", t.sql(), d.Column)
			d.Query = fmt.Sprintf("SELECT count(*) FROM %s WHERE %s IS NULL;", t.sql(), d.Column)
			d.Fix = "fill those rows first"
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
		if o.st.verb == "UPDATE" && len(o.st.targets) == 1 && o.ran() && o.before.find(o.st.targets[0].schema, o.st.targets[0].name) == o.before.relations[t.OID] &&
			sets(o.st.words, c.Name) {
			return true
		}
	}
	return false
}

// sets reports whether an UPDATE gives a column a value in every row where it is NULL.
func sets(w words, column string) bool {
	set, where := w.find(0, "SET"), w.find(0, "WHERE")
	if set < 0 {
		return false
	}
	end := where
	if end < 0 {
		end = len(w)
	}
	assigned := false
	for _, part := range w[set+1 : end].split() {
		if n, ok := part.name(0); ok && n == column && part.at(1) == "=" && part.at(2) != "NULL" {
			assigned = true
		}
	}
	if !assigned || where < 0 {
		return assigned
	}
	cond := w[where+1:]
	i := len(cond) - 3
	n, ok := cond.name(i)
	return i >= 0 && (i == 0 || i == 2 && cond.at(1) == ".") && ok && n == column && cond.starts(i+1, "IS", "NULL")
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
		d.Fix = fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s ADD GENERATED BY DEFAULT AS IDENTITY;", t.sql(), d.Column)
		if was.Identity == "d" {
			d.Fix = "leave it GENERATED BY DEFAULT until no client gives it a value"
		}
		f.add(s, "identity-always", d)
	}
	if end := f.endColumn(t.OID, is.Num); was.Identity != "" && is.Identity == "" && is.NotNull && end != nil && end.NotNull && end.Default == "" && end.Identity == "" {
		d.Text = fmt.Sprintf("column %s.%s, which is NOT NULL, is not numbered any more: inserts that leave it out fail", t.sql(), d.Column)
		d.Fix = "wait until nothing writes without it"
		f.add(s, "drop-default", d)
	}
	if was.Generated != "" || is.Generated != "" || was.Default == is.Default || is.Default != "" && !old {
		return
	}
	switch end := f.endColumn(t.OID, is.Num); {
	case is.Default != "":
		d.Text = fmt.Sprintf("inserts that leave column %s.%s out get %s now", t.sql(), d.Column, is.Default)
		d.Fix = "deploy writers that set it first"
		f.add(s, "change-default", d)
	case end == nil || end.Default != "" || end.Identity != "":
		// It goes, or gets another.
	case old && f.base.relations[t.OID].columns[is.Num].Default == "":
		// The change gave it, the change takes it.
	case end.NotNull && f.becameNotNull(t.OID, is.Num):
		d.Text = fmt.Sprintf("column %s.%s is NOT NULL now and has lost its default: inserts that leave it out fail", t.sql(), d.Column)
		d.Fix = "keep the default for one release more"
		f.add(s, "not-null-table-default-removed", d)
	case end.NotNull:
		d.Text = fmt.Sprintf("column %s.%s, which is NOT NULL, loses its default: inserts that leave it out fail", t.sql(), d.Column)
		d.Fix = "wait until nothing writes without it"
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

// typeChange finds what another type of a column costs and may lose.
func (f *finder) typeChange(s *step, b, a *relation, was, is *column) {
	if was.Type == is.Type && was.Typmod == is.Typmod && was.Collation == is.Collation {
		return
	}
	d := f.about(s, b)
	d.Column = pgsql.Ident(was.Name)
	change := fmt.Sprintf("changing %s.%s from %s to %s", b.sql(), d.Column, was.TypeText, is.TypeText)
	expand := fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s;\n-- write both columns, fill the new one in batches, read from it, and drop the old one in a later release",
		b.sql(), pgsql.Ident(short(was.Name+"_new")), is.TypeText)

	from, to := s.before.types[was.Type], s.after.types[is.Type]
	toEnum := from != nil && to != nil && from.Kind == "e" && to.Kind == "e"
	if toEnum {
		var removed []string
		for _, l := range from.Labels {
			if !slices.Contains(to.Labels, l) {
				removed = append(removed, pgsql.Literal(l))
			}
		}
		d := d
		d.Text = change + " makes the enum anew"
		if len(removed) > 0 {
			d.Text += " without " + strings.Join(removed, ", ")
			d.Query = fmt.Sprintf("SELECT count(*) FROM %s WHERE %s::text IN (%s);", b.sql(), d.Column, strings.Join(removed, ", "))
		}
		d.Fix = "keep the value, and forbid it by a check that is added NOT VALID and validated"
		f.add(s, "recreate-enum-type", d)
	}
	rewritten := s.rewrittenAny(b.OID)
	if rewritten {
		d := d
		d.Text = fmt.Sprintf("%s rewrites table %s and its indexes under %s: reads and writes wait until it is done", change, f.name(b), lockName(d.Lock))
		d.Fix = expand
		f.add(s, "type-change-rewrite", d)
	}
	if !rewritten && f.checked(s, b.OID, was.Num) && s.scannedAny(b.OID) {
		d := d
		d.Text = fmt.Sprintf("%s makes the checks on it anew, which reads all of table %s under %s: reads and writes wait until it is done", change, f.name(b), lockName(d.Lock))
		d.Fix = f.recheckFix(s, b, was)
		f.add(s, "type-change-recheck", d)
	}
	if names := f.rebuilt(s, b.OID); !rewritten && len(names) > 0 {
		d := d
		d.Text = fmt.Sprintf("%s rebuilds index %s of table %s under %s: reads and writes wait until it is done", change, strings.Join(names, ", "), f.name(b), lockName(d.Lock))
		d.Fix = "drop the index concurrently before, and build it concurrently after; or use a new column"
		f.add(s, "type-change-reindex", d)
	}
	if fk, other := f.foreignKey(s, b.OID, was.Num); fk != nil && s.said("validating foreign key constraint") {
		d := d
		d.Text = fmt.Sprintf("%s checks foreign key %s anew, with %s on %s and %s until it is done", change, pgsql.Ident(fk.Name), lockName(d.Lock), f.name(b), f.name(other))
		d.Fix = expand
		f.add(s, "type-change-revalidates-fk", d)
	}
	stat := d
	stat.Text = change + " drops what the planner knows about it"
	stat.Fix = fmt.Sprintf("ANALYZE %s (%s);", b.sql(), d.Column)
	f.add(s, "type-change-loses-statistics", stat)
	if !toEnum {
		f.values(s, b, was, is, change, expand)
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

func (f *finder) recheckFix(s *step, t *relation, c *column) string {
	var drop, add, validate strings.Builder
	for _, oid := range sorted(s.before.constraints) {
		k := s.before.constraints[oid]
		if k.Kind == "c" && k.Table == t.OID && slices.Contains(k.Columns, c.Num) {
			name := pgsql.Ident(k.Name)
			fmt.Fprintf(&drop, "ALTER TABLE %s DROP CONSTRAINT %s;\n", t.sql(), name)
			fmt.Fprintf(&add, "ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID;\n", t.sql(), name, strings.TrimSuffix(k.Definition, " NOT VALID"))
			fmt.Fprintf(&validate, "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n", t.sql(), name)
		}
	}
	return drop.String() + s.stmt.Text + ";\n" + add.String() + "-- in a later transaction:\n" + strings.TrimSuffix(validate.String(), "\n")
}

// rebuilt names the indexes of a table that the statement built anew.
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

// values finds conversions that lose something or may fail.
func (f *finder) values(s *step, t *relation, was, is *column, change, expand string) {
	d := f.about(s, t)
	d.Column = pgsql.Ident(was.Name)
	d.Fix = expand
	var using words
	if action, ok := s.st.columnAction(was.Name); ok {
		if i := action.find(0, "USING"); i >= 0 {
			using = action[i+1:]
		}
	}
	from, to := parseType(was.TypeText), parseType(is.TypeText)
	switch loss, narrow := lossy(from, to, using), narrowing(from, to); {
	case loss != "":
		d.Text = change + " loses information without an error: " + loss
		d.Query = fmt.Sprintf("SELECT %s FROM %s WHERE %[1]s::%[3]s::text IS DISTINCT FROM %[1]s::text LIMIT 100;", d.Column, t.sql(), is.TypeText)
		f.add(s, "lossy-type-change", d)
	case narrow != "":
		d.Text = change + " fails if a value does not fit"
		d.Query = fmt.Sprintf("SELECT %s FROM %s WHERE %s LIMIT 100;", d.Column, t.sql(), strings.ReplaceAll(narrow, "{}", d.Column))
		check := pgsql.Ident(short(t.Name + "_" + was.Name + "_fits"))
		d.Fix = fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s CHECK (NOT (%s)) NOT VALID;\n-- in a later transaction:\nALTER TABLE %[1]s VALIDATE CONSTRAINT %[2]s;",
			t.sql(), check, strings.ReplaceAll(narrow, "{}", d.Column))
		f.add(s, "narrowing-type-change", d)
	case from.family == "text" && to.family != "text" && len(using) > 0:
		d.Text = change + " fails at the first text that is none"
		d.Query = fmt.Sprintf("SELECT %s FROM %s WHERE %s LIMIT 100;", d.Column, t.sql(), strings.ReplaceAll(notCastable(is.TypeText, to, f.settings.major), "{}", d.Column))
		f.add(s, "cast-may-fail", d)
	}
}

// A sqlType is a type as format_type writes it.
type sqlType struct {
	name   string // "character varying", without the numbers
	family string // "text", "int", "numeric", "float", "time", "date", or the name
	args   []int
}

var typeArgs = regexp.MustCompile(`\(([0-9,-]+)\)`)

func parseType(text string) sqlType {
	t := sqlType{name: text}
	if m := typeArgs.FindStringSubmatch(text); m != nil {
		t.name = strings.Replace(text, m[0], "", 1)
		for _, a := range strings.Split(m[1], ",") {
			n, err := strconv.Atoi(a)
			if err == nil {
				t.args = append(t.args, n)
			}
		}
	}
	switch t.name {
	case "character varying", "text", "character", "bpchar", "citext":
		t.family = "text"
	case "smallint", "integer", "bigint":
		t.family = "int"
	case "real", "double precision":
		t.family = "float"
	case "timestamp without time zone", "timestamp with time zone":
		t.family = "time"
	default:
		t.family = t.name
	}
	return t
}

var intRange = map[string]string{"smallint": "-32768 AND 32767", "integer": "-2147483648 AND 2147483647"}
var intSize = map[string]int{"smallint": 2, "integer": 4, "bigint": 8}

// lossy says what a conversion loses without an error.
func lossy(from, to sqlType, using words) string {
	for _, cut := range []string{"LEFT", "SUBSTR", "SUBSTRING", "TRUNC", "ROUND", "FLOOR", "CEIL", "DATE_TRUNC"} {
		if using.anywhere(cut, "(") {
			return "USING cuts values off"
		}
	}
	switch {
	case from.family == "text" && to.family == "text" && len(to.args) > 0 && len(using) > 0 && (using.anywhere(":", ":") || using.anywhere("::") || using.anywhere("CAST")) &&
		(len(from.args) == 0 || from.args[0] > to.args[0]):
		return "a cast cuts longer values off"
	case from.family == "numeric" && to.family == "numeric" && len(to.args) == 2 && (len(from.args) < 2 && len(from.args) != 1 || scale(from) > to.args[1]),
		from.family == "numeric" && to.family == "numeric" && len(to.args) == 1 && (len(from.args) == 0 || scale(from) > 0),
		from.family == "float" && to.family == "numeric" && len(to.args) > 0:
		return "values are rounded"
	case (from.family == "numeric" && (len(from.args) == 0 || scale(from) > 0) || from.family == "float") && to.family == "int":
		return "values are rounded to integers"
	case from.name == "double precision" && to.name == "real", from.family == "numeric" && to.family == "float":
		return "digits are lost"
	case from.family == "time" && to.family == "date":
		return "the time of day is lost"
	case from.family == "time" && to.family == "time" && len(to.args) == 1 && (len(from.args) == 0 && to.args[0] < 6 || len(from.args) == 1 && to.args[0] < from.args[0]):
		return "fractions of seconds are rounded"
	}
	return ""
}

func scale(t sqlType) int {
	if len(t.args) == 2 {
		return t.args[1]
	}
	return 0
}

// narrowing returns the condition of rows that do not fit, with {} for the column.
func narrowing(from, to sqlType) string {
	switch {
	case from.family == "text" && to.family == "text" && len(to.args) == 1 && (len(from.args) == 0 || from.args[0] > to.args[0]):
		return fmt.Sprintf("length({}) > %d", to.args[0])
	case from.family == "text" && to.name == "character" && len(to.args) == 0:
		return "length({}) > 1"
	case from.family == "int" && to.family == "int" && intSize[to.name] < intSize[from.name],
		from.family == "numeric" && to.family == "int":
		if r, ok := intRange[to.name]; ok {
			return "{} NOT BETWEEN " + r
		}
		return "{} NOT BETWEEN -9223372036854775808 AND 9223372036854775807"
	case from.family == "numeric" && to.family == "numeric" && len(to.args) > 0 && (len(from.args) == 0 || from.args[0]-scale(from) > to.args[0]-scale(to)),
		from.family == "int" && to.family == "numeric" && len(to.args) > 0 && digits[from.name] > to.args[0]-scale(to):
		return fmt.Sprintf("abs({}) >= 1e%d", to.args[0]-scale(to))
	}
	return ""
}

// digits is how many an integer can have.
var digits = map[string]int{"smallint": 5, "integer": 10, "bigint": 19}

// notCastable is the condition of texts that cannot be cast, with {} for the column.
func notCastable(text string, to sqlType, major int) string {
	if major >= 16 {
		return fmt.Sprintf("NOT pg_input_is_valid({}::text, %s)", pgsql.Literal(text))
	}
	switch to.family {
	case "int":
		return `{} !~ '^\s*[-+]?[0-9]+\s*$'`
	case "numeric", "float":
		return `{} !~* '^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?\s*$'`
	case "uuid":
		return `{} !~* '^\s*\{?[0-9a-f]{4}(-?[0-9a-f]{4}){7}\}?\s*$'`
	case "boolean":
		return `lower(trim({})) NOT IN ('t', 'true', 'y', 'yes', 'on', '1', 'f', 'false', 'n', 'no', 'off', '0')`
	case "date", "time":
		return `{} !~ '^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}'`
	}
	return "{} IS NOT NULL"
}
