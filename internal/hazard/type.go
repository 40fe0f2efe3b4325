package hazard

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A Type is the type of a column.
type Type struct {
	Name    string   // as format_type returns it, without a collation: "character varying(20)", "public.mood"
	Base    string   // of a domain: its base type, like Name
	Checked bool     // of a domain: whether it has checks or is NOT NULL
	Labels  []string // of an enum or an array of one
}

// value describes the values of a type.
type value struct {
	name    string // format_type's name without modifiers: "character varying", "timestamp with time zone"
	args    []int  // (10,2), (20), the precision of times
	fields  string // of an interval: " day to hour"
	labels  []string
	checked bool
	element *value // of an array
	most    int    // the maximum length of its text, if its origin tells; 0 if unknown
}

var (
	typeArgs   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\((-?\d+)(?:,(-?\d+))?\)`) })
	typeFields = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^interval( [a-z ]+)$`) })
)

func (t Type) value() value {
	name := t.Name
	if t.Base != "" {
		name = t.Base
	}
	v := parse(name)
	v.checked = t.Checked
	if v.labels = t.Labels; v.element != nil {
		v.element.labels, v.labels = v.labels, nil
	}
	return v
}

func parse(name string) value {
	if element, ok := strings.CutSuffix(name, "[]"); ok {
		e := parse(element)
		return value{name: name, element: &e}
	}
	v := value{name: name}
	if m := typeArgs().FindStringSubmatch(name); m != nil {
		v.name = strings.Replace(name, m[0], "", 1)
		for _, s := range m[1:] {
			if n, err := strconv.Atoi(s); err == nil {
				v.args = append(v.args, n)
			}
		}
	}
	if m := typeFields().FindStringSubmatch(v.name); m != nil {
		v.name, v.fields = "interval", m[1]
	}
	if strings.HasSuffix(v.name, ".citext") {
		v.name = "citext" // an extension's type may be in any schema
	}
	return v
}

// TypeName returns the name of a type as format_type returns it, without modifiers, and whether it has any.
func TypeName(typ string) (name string, limited bool) {
	v := parse(typ)
	return v.name, len(v.args) > 0
}

func (v value) equal(o value) bool {
	if v.element != nil || o.element != nil {
		return v.element != nil && o.element != nil && v.element.equal(*o.element)
	}
	return v.name == o.name && v.fields == o.fields && slices.Equal(v.args, o.args)
}

// arg returns a type's first modifier, or without if it has none.
func (v value) arg(without int) int {
	if len(v.args) > 0 {
		return v.args[0]
	}
	return without
}

// scale returns the scale of a numeric.
func (v value) scale() int {
	if len(v.args) > 1 {
		return v.args[1]
	}
	return 0
}

func (v value) is(names ...string) bool { return slices.Contains(names, v.name) }

// stringTypes hold any text that fits.
var stringTypes = []string{"text", "character varying", "character", "bpchar", "citext", "name", `"char"`}

func (v value) text() bool { return v.element == nil && v.is(stringTypes...) }

// padded reports whether trailing blanks are insignificant.
func (v value) padded() bool { return v.is("character", "bpchar") }

func (v value) integer() bool { return integers[v.name].digits > 0 }
func (v value) float() bool   { return v.is("real", "double precision") }
func (v value) number() bool  { return v.integer() || v.float() || v.is("numeric") }

// fractions reports whether a number may have fractional digits.
func (v value) fractions() bool {
	return v.float() || v.is("numeric") && (len(v.args) == 0 || v.scale() > 0)
}

// whole returns the maximum number of digits before the decimal point; 0 if unknown.
func (v value) whole() int {
	switch {
	case v.integer():
		return integers[v.name].digits
	case v.is("numeric") && len(v.args) > 0:
		return v.args[0] - v.scale()
	}
	return 0
}

func (v value) hasTime() bool {
	return v.is("timestamp without time zone", "timestamp with time zone", "time without time zone", "time with time zone", "interval")
}

func (v value) timestamp() bool {
	return v.is("timestamp without time zone", "timestamp with time zone")
}

func (v value) clock() bool { return v.is("time without time zone", "time with time zone") }
func (v value) zoned() bool {
	return strings.HasSuffix(v.name, " with time zone")
}

// An integerRange is the range of an integer type.
type integerRange struct {
	low, high string
	digits    int // of the longest number
}

var integers = map[string]integerRange{
	"smallint": {"-32768", "32767", 5},
	"integer":  {"-2147483648", "2147483647", 10},
	"bigint":   {"-9223372036854775808", "9223372036854775807", 19},
}

// Integer returns the limits of an integer type and the number of digits of its longest number. ok is false for other
// types.
func Integer(typ string) (low, high string, digits int, ok bool) {
	r, ok := integers[typ]
	return r.low, r.high, r.digits, ok
}

// endless is longer than any text.
const endless = 1 << 30

// longest returns the maximum length of a value's text.
func (v value) longest() int {
	n := v.ownLongest()
	if v.most > 0 {
		n = min(n, v.most)
	}
	return n
}

func (v value) ownLongest() int {
	switch {
	case v.element != nil:
		return endless
	case v.labels != nil:
		n := 0
		for _, l := range v.labels {
			n = max(n, len([]rune(l)))
		}
		return n
	case v.integer():
		return integers[v.name].digits + 1
	case v.is("numeric") && len(v.args) > 0:
		n := len("-") + max(v.whole(), len("0"))
		if v.scale() > 0 {
			n += len(".") + v.scale()
		}
		return max(n, len("NaN"))
	case v.is("character varying", "character", "bit", "bit varying") && len(v.args) > 0:
		return v.args[0]
	}
	switch v.name {
	case "boolean":
		return len("false")
	case "uuid":
		return len("00000000-0000-0000-0000-000000000000")
	case "date":
		return len("5874897-12-31")
	case "oid":
		return len("4294967295")
	case "macaddr":
		return len("00:00:00:00:00:00")
	case "macaddr8":
		return len("00:00:00:00:00:00:00:00")
	case "name":
		return 63
	case `"char"`:
		return len(`\377`)
	}
	return endless
}

// readType reads the name of a type in an expression and returns it as format_type does, with the index after it. A
// user-defined type is returned by its name.
func readType(w pgsql.Words, i int) (name string, next int, ok bool) {
	n, next, ok := w.Name(i)
	if !ok {
		return "", i, false
	}
	name = n.Name
	builtin := n.Schema == "" || n.Schema == "pg_catalog"
	if !builtin || w[i].Kind == pgsql.QuotedIdent && name == "char" {
		if name = n.String(); n.Name == "char" && n.Schema == "pg_catalog" || n.Schema == "" {
			name = `"char"`
		}
		return arrays(w, next, name, "")
	}
	switch name {
	case "double":
		if w.At(next) == "PRECISION" {
			name, next = "double precision", next+1
		}
	case "character", "char", "nchar", "national", "bit":
		if name == "national" {
			next++
		}
		if name != "bit" {
			name = "character"
		}
		if w.At(next) == "VARYING" {
			name, next = name+" varying", next+1
		}
	}
	if full, ok := aliases[name]; ok {
		name = full
	}
	fields := ""
	for name == "interval" && slices.Contains([]string{"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TO"}, w.At(next)) {
		fields += " " + strings.ToLower(w.At(next))
		next++
	}
	args := ""
	if w.At(next) == "(" {
		for ; next < len(w); next++ {
			if args += w.At(next); w.At(next) == ")" {
				next++
				break
			}
		}
	}
	if n.Name == "float" {
		if bits, err := strconv.Atoi(strings.Trim(args, "()")); err == nil && bits <= 24 {
			name = "real"
		}
		args = ""
	}
	if name == "time" || name == "timestamp" {
		zone := " without time zone"
		switch {
		case w.Starts(next, "WITH", "TIME", "ZONE"):
			zone, next = " with time zone", next+3
		case w.Starts(next, "WITHOUT", "TIME", "ZONE"):
			next += 3
		}
		return arrays(w, next, name+args+zone, "")
	}
	if name == "numeric" && args != "" && !strings.Contains(args, ",") {
		args = strings.TrimSuffix(args, ")") + ",0)"
	}
	if (name == "character" || name == "bit") && args == "" {
		args = "(1)"
	}
	if rest, ok := strings.CutSuffix(name, " with time zone"); ok {
		return arrays(w, next, rest+args+" with time zone", "")
	}
	return arrays(w, next, name+fields, args)
}

func arrays(w pgsql.Words, i int, name, args string) (string, int, bool) {
	name += args
	for w.At(i) == "[" {
		if i++; w.At(i) != "]" {
			i++
		}
		i++
		if !strings.HasSuffix(name, "[]") {
			name += "[]"
		}
	}
	return name, i, i <= len(w)
}

// aliases are alternative names of types.
var aliases = map[string]string{
	"int2": "smallint", "int": "integer", "int4": "integer", "int8": "bigint", "float4": "real", "float": "double precision",
	"float8": "double precision", "decimal": "numeric", "dec": "numeric", "varchar": "character varying", "bool": "boolean", "varbit": "bit varying",
	"timestamptz": "timestamp with time zone", "timetz": "time with time zone",
}
