package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
)

// A typeName is a type as format_type has it, "numeric(10,2)", in its parts.
type typeName struct {
	name             string
	length, decimals int // 0 if there are none
}

var typeNamePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([^(]+)(?:\((\d+)(?:,(-?\d+))?\))?$`) })

func parseType(s string) typeName {
	m := typeNamePattern().FindStringSubmatch(s)
	if m == nil {
		return typeName{name: s}
	}
	n := typeName{name: m[1]}
	n.length, _ = strconv.Atoi(m[2])
	n.decimals, _ = strconv.Atoi(m[3])
	return n
}

// An integerRange is what an integer type holds.
type integerRange struct {
	low, high string
	digits    int // of the longest number
}

var integers = map[string]integerRange{
	"smallint": {"-32768", "32767", 5},
	"integer":  {"-2147483648", "2147483647", 10},
	"bigint":   {"-9223372036854775808", "9223372036854775807", 19},
}

func (n typeName) integer() bool { return integers[n.name].digits > 0 }

func (n typeName) text() bool {
	return slices.Contains([]string{"text", "character varying", "character"}, n.name)
}

func (n typeName) number() bool {
	return n.integer() || slices.Contains([]string{"numeric", "real", "double precision"}, n.name)
}

// fits says that values of one type may stop its change to another, and how to find the rows
// with such values; nothing if every value fits.
func fits(t *table, a, b *column) []string {
	var marks []string
	if cuts(a.Type, b.Type) {
		marks = append(marks, fmt.Sprintf("Cuts off without an error what of a value of %s has no room in %s.", ident(a.Name), b.Type))
	}
	if what := loses(a.Type, b.Type); what != "" {
		marks = append(marks, fmt.Sprintf("Loses without an error %s of %s.", what, ident(a.Name)))
	}
	may, where := misfits(ident(a.Name), a.Type, b.Type)
	if !may {
		return marks
	}
	fails := fmt.Sprintf("Fails if a value of %s does not fit into %s", ident(a.Name), b.Type)
	if where == "" {
		return append(marks, fails+".")
	}
	such := "; such rows:"
	if strings.HasPrefix(where, "NOT pg_input_is_valid(") {
		such = "; such rows, from PostgreSQL 16 on:"
	}
	return append(marks, fails+such, "  "+fix.Rows("*", t.String(), where, 0).String())
}

// cuts says whether the change of a type makes values fit which are too long.
func cuts(from, to string) bool {
	a, b := parseType(from), parseType(to)
	switch b.name {
	case "name":
		return a.text()
	case "bit":
		return a.integer() || a.text()
	case "bit varying":
		return a.text() && b.length > 0
	}
	return false
}

// loses says what the change of a type takes from values, by rounding or because the new type
// has no place for it; "" for nothing.
func loses(from, to string) string {
	if element, ok := strings.CutSuffix(to, "[]"); ok {
		return loses(strings.TrimSuffix(from, "[]"), element)
	}
	a, b := parseType(from), parseType(to)
	fractions := a.name == "numeric" && (a.length == 0 || a.decimals > 0) || a.name == "real" || a.name == "double precision"
	was, isTime := parseTime(from)
	will, staysTime := parseTime(to)
	switch {
	case b.integer() && (fractions || a.name == "jsonb"):
		return "the fractions"
	case b.name == "numeric" && b.length > 0 && fractions && (a.name != "numeric" || a.length == 0 || a.decimals > b.decimals):
		return "digits behind the point"
	case b.name == "real" && a.number() && a.name != "real" && a.name != "smallint", b.name == "double precision" && (a.name == "numeric" || a.name == "bigint"):
		return "the last digits"
	case a.name == "json" && b.name == "jsonb":
		return "the order of keys, and all but the last of those that are there twice"
	case strings.HasPrefix(was.name, "timestamp") && b.name == "date":
		return "the time of day"
	case strings.HasPrefix(was.name, "timestamp") && strings.HasPrefix(will.name, "time "):
		return "the date"
	case was.name == "time with time zone" && will.name == "time without time zone":
		return "the time zone"
	case isTime && staysTime && will.fields != "" && will.fields != was.fields && !strings.HasSuffix(will.fields, "second"):
		return "the smaller units"
	case isTime && staysTime && will.precision < was.precision:
		return "fractions of the seconds"
	}
	return ""
}

// A timeType is a type of times as format_type has it: "timestamp(3) with time zone",
// "interval day to hour", "interval second(2)".
type timeType struct {
	name, fields string
	precision    int
}

var timePattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(timestamp|time|interval)(?:\((\d)\))?((?: with(?:out)? time zone)?)((?: [a-z ]+)?)(?:\((\d)\))?$`)
})

func parseTime(s string) (t timeType, ok bool) {
	m := timePattern().FindStringSubmatch(s)
	if m == nil {
		return timeType{}, false
	}
	t = timeType{name: m[1] + m[3], fields: m[4], precision: 6}
	if p := m[2] + m[5]; p != "" {
		t.precision, _ = strconv.Atoi(p)
	}
	return t, true
}

// misfits says whether a value of one type may not fit into another, and the condition by
// which such values of an expression are found, if there is a short one.
func misfits(expr, from, to string) (may bool, where string) {
	if element, ok := strings.CutSuffix(to, "[]"); ok {
		may, _ := misfits(expr, strings.TrimSuffix(from, "[]"), element)
		return may, ""
	}
	a, b := parseType(from), parseType(to)
	switch {
	case b.text():
		// What does not fit but for blanks at its end is cut.
		return b.length > 0 && longest(a) > b.length, fmt.Sprintf("length(rtrim(%s::text, ' ')) > %d", expr, b.length)
	case b.integer() && a.integer():
		return integers[a.name].digits > integers[b.name].digits, between(expr, b)
	case b.integer() && a.number():
		return a.length == 0 || a.length-a.decimals >= integers[b.name].digits, between("round("+expr+")", b)
	case b.integer() && a.text():
		return true, "CASE WHEN " + expr + ` ~ '^\s*[-+]?[0-9]+\s*$' THEN ` + between(expr+"::numeric", b) + " ELSE " + expr + " IS NOT NULL END"
	case b.name == "numeric" && a.number():
		whole, digits := b.length-b.decimals, a.length-a.decimals
		if a.integer() {
			digits = integers[a.name].digits
		}
		known := a.integer() || a.length > 0
		return b.length > 0 && (!known || digits > whole || a.decimals > b.decimals),
			fmt.Sprintf("abs(round(%s::numeric, %d)) >= 1e%d", expr, b.decimals, whole)
	case cuts(from, to) && (a.integer() || b.name == "name"):
		return false, ""
	case cuts(from, to):
		return true, "NOT pg_input_is_valid(" + expr + "::text, 'bit varying')"
	case a.text(), from == "json" && to == "jsonb":
		return true, "NOT pg_input_is_valid(" + expr + "::text, " + literal(to) + ")"
	case strings.Contains(to, "."), b.name == "bit", b.name == "bit varying", a.name == "json", a.name == "jsonb", from == "double precision" && to == "real":
		return to != "json" && to != "jsonb", "" // another schema's type: a domain may have rules
	}
	return false, ""
}

// longest is the length of the longest text that a value can be.
func longest(n typeName) int {
	switch {
	case n.integer():
		return integers[n.name].digits + 1
	case n.text() && n.length > 0:
		return n.length
	case n.name == "boolean":
		return len("false")
	case n.name == "uuid":
		return len("00000000-0000-0000-0000-000000000000")
	}
	return 1 << 30
}

func between(expr string, n typeName) string {
	return expr + " NOT BETWEEN " + integers[n.name].low + " AND " + integers[n.name].high
}
