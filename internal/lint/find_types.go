package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// typeChange finds what another type of a column costs and may lose. What it costs is the table's, however new the column is.
func (f *finder) typeChange(s *step, b, a *relation, was, is *column) {
	if was.Type == is.Type && was.Typmod == is.Typmod && was.Collation == is.Collation {
		return
	}
	d := f.about(s, b)
	d.Column = pgsql.Ident(was.Name)
	change := fmt.Sprintf("changing %s.%s from %s to %s", b.sql(), d.Column, was.TypeText, is.TypeText)
	expand := s.before.expand(b, was, freeColumn(b, was.Name, "_new"), is.TypeText, s.converted(was))

	from, to := s.before.types[was.Type], s.after.types[is.Type]
	toEnum := from != nil && to != nil && from.Kind == "e" && to.Kind == "e"
	if toEnum && f.startColumn(b.OID, was.Num) {
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
			d.Query = fix.CountRows(b.sql(), fmt.Sprintf("%s::text IN (%s)", d.Column, strings.Join(removed, ", ")))
		}
		d.Fix = fix.Words("keep the value, and forbid it by a check that is added NOT VALID and validated")
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
		d.Fix = fix.Words("drop the index concurrently before, and build it concurrently after; or use a new column")
		f.add(s, "type-change-reindex", d)
	}
	if fk, other := f.foreignKey(s, b.OID, was.Num); fk != nil && s.said("validating foreign key constraint") {
		d := d
		d.Text = fmt.Sprintf("%s checks foreign key %s anew, with %s on %s and %s until it is done", change, pgsql.Ident(fk.Name), lockName(d.Lock), f.name(b), f.name(other))
		d.Fix = expand
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
func (f *finder) values(s *step, t *relation, was, is *column, change string, expand fix.Text) {
	d := f.about(s, t)
	d.Column = pgsql.Ident(was.Name)
	d.Fix = expand
	using := s.using(was.Name)
	from, to := parseType(was.TypeText), parseType(is.TypeText)
	switch loss, narrow := lossy(from, to, using), narrowing(from, to); {
	case loss != "":
		d.Text = change + " loses information without an error: " + loss
		d.Query = fix.Rows(d.Column, t.sql(), fmt.Sprintf("%s::%s::text IS DISTINCT FROM %[1]s::text", d.Column, is.TypeText), fix.Most)
		f.add(s, "lossy-type-change", d)
	case narrow != "":
		d.Text = change + " fails if a value does not fit"
		rows := strings.ReplaceAll(narrow, "{}", d.Column)
		d.Query = fix.Rows(d.Column, t.sql(), rows, fix.Most)
		d.Fix = fix.AddNotValid(nil, fix.Constraint{
			Table: t.sql(), Name: s.before.freeConstraint(t, t.Name+"_"+was.Name, "_fits"), Definition: "CHECK (NOT (" + rows + "))",
		})
		f.add(s, "narrowing-type-change", d)
	case from.family == "text" && to.family != "text" && len(using) > 0 && !total(using):
		d.Text = change + " fails at the first text that is none"
		d.Query = fix.Rows(d.Column, t.sql(), strings.ReplaceAll(notCastable(is.TypeText, to, f.settings.major), "{}", d.Column), fix.Most)
		f.add(s, "cast-may-fail", d)
	}
}

// A sqlType is a type as format_type writes it.
type sqlType struct {
	name   string // "character varying", without the numbers
	family string // "text", "int", "numeric", "float", "time", "date", or the name
	args   []int
}

var typeArgs = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\(([0-9,-]+)\)`) })

func parseType(text string) sqlType {
	t := sqlType{name: text}
	if m := typeArgs().FindStringSubmatch(text); m != nil {
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
func lossy(from, to sqlType, using pgsql.Words) string {
	for _, cut := range []string{"LEFT", "SUBSTR", "SUBSTRING", "TRUNC", "ROUND", "FLOOR", "CEIL", "DATE_TRUNC"} {
		if using.Anywhere(cut, "(") {
			return "USING cuts values off"
		}
	}
	switch {
	case from.family == "text" && to.family == "text" && len(to.args) > 0 && len(using) > 0 && (using.Anywhere(":", ":") || using.Anywhere("::") || using.Anywhere("CAST")) &&
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

// total reports whether an expression has a value for every text: it only compares it, or hands it to functions that take all.
func total(w pgsql.Words) bool {
	for i := range w {
		switch {
		case w.At(i) == "CAST", w.At(i) == "::" && (i == 0 || w[i-1].Kind != pgsql.String), len(w) == 1:
			return false
		case w.At(i) == "(" && i > 0 && w[i-1].Kind == pgsql.Word && !slices.Contains(totalCalls, w.At(i-1)), w.At(i) == "(" && i > 0 && w[i-1].Kind == pgsql.QuotedIdent:
			return false
		}
	}
	return true
}

// totalCalls are functions that fail for no text, and keywords that stand before a parenthesis.
var totalCalls = []string{
	"TO_JSON", "TO_JSONB", "JSON_BUILD_OBJECT", "JSONB_BUILD_OBJECT", "JSON_BUILD_ARRAY", "JSONB_BUILD_ARRAY", "STRING_TO_ARRAY",
	"LENGTH", "CHAR_LENGTH", "OCTET_LENGTH", "COALESCE", "NULLIF", "LOWER", "UPPER", "TRIM", "BTRIM",
	"IN", "ANY", "ALL", "AND", "OR", "NOT", "CASE", "WHEN", "THEN", "ELSE", "IS",
}
