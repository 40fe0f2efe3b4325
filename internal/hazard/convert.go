package hazard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// An outcome is what a conversion does to values. In conditions, {} stands for the value.
type outcome struct {
	lost    string // what is silently lost; "" for nothing
	shifted string // how a value implicitly gains or loses a time zone; "" if it doesn't
	lossy   string // the condition for values that lose something; "" if there is no short one

	fails bool   // whether a value may fail
	bad   string // the condition for such values; "" if there is no short one
	cast  bool   // whether it fails because it can't be converted, not because it doesn't fit
	into  string // the type that they don't fit in, if it isn't the column's
}

// convert returns what PostgreSQL does to values when it converts them by an assignment or an explicit cast. A
// conversion that isn't known to be harmless counts as harmful. It ignores dates after 294276, which don't fit in a
// timestamp.
func convert(a, b value, explicit bool) outcome {
	if b.checked {
		b.checked = false
		o := convert(a, b, explicit)
		o.fails, o.bad = true, ""
		return o
	}
	if a.equal(b) && !(a.text() && a.labels != nil && !b.text()) {
		return outcome{}
	}
	if a.element != nil && b.element != nil {
		o := convert(*a.element, *b.element, explicit)
		o.bad, o.lossy = "", ""
		return o
	}
	switch {
	case b.element != nil && a.text():
		o := convert(parse("text"), *b.element, explicit)
		return outcome{fails: true, cast: true, lost: o.lost, shifted: o.shifted}
	case a.element != nil && !b.text(), b.element != nil:
		return unknown()
	case b.text():
		return toText(a, b, explicit)
	case b.integer():
		return toInteger(a, b)
	case b.is("numeric"):
		return toNumeric(a, b)
	case b.float():
		return toFloat(a, b)
	case b.labels != nil:
		return toEnum(a, b)
	case b.hasTime() || b.is("date"):
		return toTime(a, b)
	case b.is("bit", "bit varying"):
		return toBits(a, b, explicit)
	}
	return toOther(a, b)
}

// unknown returns the outcome of a conversion about which nothing is known.
func unknown() outcome {
	return outcome{lost: "what the new type can't hold", fails: true, cast: true}
}

// reads returns the outcome of a lossless conversion that fails for values that it can't parse.
func reads() outcome { return outcome{fails: true, cast: true} }

func toText(a, b value, explicit bool) outcome {
	var o outcome
	blanks := a.text() && !a.padded() && a.labels == nil && !a.is(`"char"`)
	switch {
	case b.is(`"char"`):
		if a.is("integer") {
			return outcome{fails: true} // by its number; PostgreSQL 13 and 14 use the text of others
		}
		if !a.is("boolean") && (a.longest() > 1 || blanks) {
			o.lost = "all but the first byte"
		}
	case b.is("name"):
		bytes := a.longest()
		if a.text() && bytes < endless {
			bytes *= len("\U0010ffff")
		}
		if bytes > 63 {
			o.lost, o.lossy = "all but the first 63 bytes", "octet_length({}::text) > 63"
		}
	case b.is("character varying", "character") && (len(b.args) > 0 || b.is("character")):
		room := b.arg(1)
		long := a.longest() > room
		if explicit && long {
			o.lost, o.lossy = fmt.Sprintf("all but the first %d characters", room), fmt.Sprintf("length({}::text) > %d", room)
			if b.padded() && blanks {
				o.lossy += " OR right({}::text, 1) = ' '"
			}
			break
		}
		if long {
			// An assignment truncates trailing blanks that don't fit.
			o.fails, o.bad = true, fmt.Sprintf("length(rtrim({}::text, ' ')) > %d", room)
			if blanks {
				o.lost, o.lossy = "trailing blanks", fmt.Sprintf("length({}::text) > %d AND length(rtrim({}::text, ' ')) <= %[1]d", room)
			}
		}
		if b.padded() && blanks {
			o.lost, o.lossy = "trailing blanks", "right({}::text, 1) = ' '"
		}
	case b.padded() && blanks:
		o.lost, o.lossy = "trailing blanks", "right({}::text, 1) = ' '"
	}
	return o
}

func toInteger(a, b value) outcome {
	switch {
	case a.integer():
		return outcome{fails: integers[a.name].digits > integers[b.name].digits, bad: between("{}", b)}
	case a.number():
		o := outcome{bad: between("round({})", b)}
		if a.float() && b.name == "bigint" { // its limit isn't a double precision
			o.bad = "NOT (round({}) >= -9223372036854775808 AND round({}) < 9223372036854775808)"
		}
		o.fails = a.float() || len(a.args) == 0 || a.whole() >= integers[b.name].digits
		if a.fractions() {
			o.lost, o.lossy = "the fractional digits", "{} <> round({})"
		}
		return o
	case a.is("jsonb"):
		return outcome{fails: true, cast: true, lost: "the fractional digits"}
	case a.is(`"char"`):
		if b.name == "integer" {
			return outcome{}
		}
		return unknown()
	case a.text():
		return outcome{fails: true, cast: true,
			bad: `CASE WHEN {} ~ '^\s*[-+]?[0-9]+\s*$' THEN ` + between("{}::numeric", b) + " ELSE {} IS NOT NULL END"}
	case a.is("boolean"), a.is("oid") && b.name == "bigint":
		return outcome{}
	}
	return unknown()
}

func between(expr string, n value) string {
	return expr + " NOT BETWEEN " + integers[n.name].low + " AND " + integers[n.name].high
}

func toNumeric(a, b value) outcome {
	const digits = "digits after the decimal point"
	limited := len(b.args) > 0
	var o outcome
	switch {
	case a.integer() || a.is("numeric"):
		if !limited {
			return o
		}
		room := b.args[0] - b.scale()
		o.fails = a.whole() == 0 && !(a.is("numeric") && len(a.args) > 0) || a.whole() > room || a.is("numeric") && a.scale() > b.scale() && a.whole() >= room
		o.bad = fmt.Sprintf("abs(round({}::numeric, %d)) >= 1e%d", b.scale(), room)
		if a.is("numeric") && (len(a.args) == 0 || a.scale() > b.scale()) || a.integer() && b.scale() < 0 {
			o.lost, o.lossy = digits, fmt.Sprintf("{} <> round({}, %d)", b.scale())
			if b.scale() < 0 {
				o.lost = "the last digits"
				o.fails = true // it may round up
			}
		}
		return o
	case a.float():
		// Before PostgreSQL 14, numeric has no infinity.
		o = outcome{lost: "the last digits", fails: true}
		if limited {
			o.lost = digits
		}
		return o
	case a.text(), a.is("jsonb"):
		o = reads()
		if limited {
			o.lost = digits
		}
		return o
	}
	return unknown()
}

func toFloat(a, b value) outcome {
	exact := 15 // decimal digits that it keeps
	if b.name == "real" {
		exact = 6
	}
	known := a.integer() || a.is("numeric") && len(a.args) > 0
	switch {
	case a.is("real"):
		return outcome{} // to double precision
	case a.number():
		o := outcome{lost: "the last digits", fails: !known}
		if known && max(a.whole(), a.whole()+a.scale()) <= exact {
			o.lost = ""
		}
		if a.is("numeric") && known && max(a.whole(), a.scale()) > 37 {
			o.fails = true
		}
		return o
	case a.text(), a.is("jsonb"):
		o := reads()
		o.lost = "the last digits"
		return o
	}
	return unknown()
}

// fill returns a condition of an outcome for a value, which is an expression.
func fill(condition, value string) string {
	return strings.ReplaceAll(strings.ReplaceAll(condition, "{}", value), braces, "{}")
}

// braces stands for {} in a label.
const braces = "{\x00}"

func label(l string) string { return strings.ReplaceAll(pgsql.Literal(l), "{}", braces) }

func toEnum(a, b value) outcome {
	var bad []string
	switch {
	case a.labels != nil:
		for _, l := range a.labels {
			if !slices.Contains(b.labels, l) {
				bad = append(bad, label(l))
			}
		}
		if bad == nil {
			return outcome{}
		}
		return outcome{fails: true, cast: true, bad: "{}::text IN (" + strings.Join(bad, ", ") + ")"}
	case a.text() && len(b.labels) > 0 && !a.padded():
		for _, l := range b.labels {
			bad = append(bad, label(l))
		}
		return outcome{fails: true, cast: true, bad: "{}::text NOT IN (" + strings.Join(bad, ", ") + ")"}
	case a.text():
		return reads()
	}
	return unknown()
}

// precision returns the number of fractional digits of seconds that a type keeps.
func (v value) precision() int { return v.arg(6) }

func toTime(a, b value) outcome {
	const fractions, localTimes = "fractional seconds", "interprets the local times in {} as UTC"
	var lost []string
	lose := func(what string) { lost = append(lost, what) }
	if a.text() && !a.is(`"char"`) {
		o := reads()
		switch {
		case b.is("date"):
			lose("the time of day")
		case b.clock():
			lose("the date")
		case b.is("timestamp without time zone"):
			lose("the time zone")
		case b.fields != "" && !strings.HasSuffix(b.fields, "second"):
			lose("the smaller units")
		case b.fields == " minute to second", b.fields == " hour to second", b.fields == " day to second":
			lose("the larger units")
		case b.zoned():
			o.shifted = localTimes
		}
		if b.hasTime() && b.precision() < 6 {
			lose(fractions)
		}
		o.lost = strings.Join(lost, " and ")
		return o
	}
	if !a.hasTime() && !a.is("date") {
		return unknown()
	}
	var o outcome
	switch {
	case b.is("date"):
		lose("the time of day")
	case a.timestamp() && b.clock():
		lose("the date")
	case a.clock() && b.is("interval"):
		// Only 24:00:00 changes: it becomes 0 when converted back.
	case a.is("interval") && b.clock():
		lose("the days")
	case a.is("time with time zone") && !b.zoned():
		lose("the time zone")
	case b.is("interval") && b.fields != "" && b.fields != a.fields && !strings.HasSuffix(b.fields, "second"):
		lose("the smaller units")
	case a.zoned() && !b.zoned():
		o.shifted = "converts the times in {} to local times in UTC"
	case b.zoned() && a.is("date"):
		o.shifted = "interprets the dates in {} as midnight UTC"
	case b.zoned() && !a.zoned():
		o.shifted = localTimes
	}
	if b.hasTime() && b.precision() < a.precision() && !a.is("date") {
		lose(fractions)
	}
	o.lost = strings.Join(lost, " and ")
	if !castable(a, b) {
		o.fails, o.cast = true, true
	}
	return o
}

// castable reports whether PostgreSQL casts between two date and time types; otherwise only their text can be
// converted.
func castable(a, b value) bool {
	switch {
	case a.clock():
		return b.clock() || b.is("interval") && !a.zoned()
	case a.is("interval"):
		return b.is("interval", "time without time zone")
	case a.is("date"):
		return b.timestamp()
	}
	return !b.is("interval") && !(b.is("time with time zone") && !a.zoned())
}

// atTimeZone returns the outcome and the new type of AT TIME ZONE with a literal.
func atTimeZone(v value, zone string) (outcome, value) {
	var lost string
	switch v.name {
	case "timestamp without time zone":
		v.name, lost = "timestamp with time zone", "times in the hour that clocks skip"
	case "timestamp with time zone":
		v.name, lost = "timestamp without time zone", "times in the hour that clocks repeat"
	default:
		return unknown(), v
	}
	if slices.Contains([]string{"'UTC'", "'ETC/UTC'", "'GMT'", "'Z'"}, strings.ToUpper(zone)) {
		return outcome{}, v
	}
	return outcome{lost: lost, lossy: fmt.Sprintf("{} AT TIME ZONE %s AT TIME ZONE %[1]s IS DISTINCT FROM {}", zone)}, v
}

func toBits(a, b value, explicit bool) outcome {
	const room = "bits that don't fit in "
	name := b.name
	if len(b.args) > 0 {
		name += fmt.Sprintf("(%d)", b.args[0])
	}
	switch {
	case a.is("bit", "bit varying"):
		if len(b.args) == 0 || b.is("bit varying") && a.longest() <= b.args[0] {
			return outcome{}
		}
		if !explicit {
			o := outcome{fails: true, bad: fmt.Sprintf("length({}) > %d", b.args[0])}
			if b.is("bit") {
				o.bad = fmt.Sprintf("length({}) <> %d", b.args[0])
			}
			return o
		}
		o := outcome{}
		if a.longest() > b.args[0] || a.is("bit varying") && b.is("bit") {
			o.lost, o.lossy = room+name, fmt.Sprintf("length({}) > %d", b.args[0])
			if a.is("bit varying") && b.is("bit") { // it pads with zeros
				o.lossy = fmt.Sprintf("length({}) <> %d", b.args[0])
			}
		}
		return o
	case a.integer() && b.is("bit"):
		width := map[string]int{"smallint": 16, "integer": 32, "bigint": 64}[a.name]
		if b.arg(1) < width {
			return outcome{lost: room + name}
		}
		return outcome{}
	case a.text():
		o := reads()
		if len(b.args) > 0 {
			o.lost = room + name
		}
		return o
	}
	return unknown()
}

// toOther handles the remaining types.
func toOther(a, b value) outcome {
	const keys = "key order and duplicate keys"
	switch from, to := a.name, b.name; {
	case to == "jsonb" && (from == "json" || a.text()):
		return outcome{fails: true, cast: true, lost: keys}
	case from == "jsonb" && to == "json", from == "cidr" && to == "inet", from == "macaddr" && to == "macaddr8":
		return outcome{}
	case (a.integer() || a.is("boolean")) && b.is("json", "jsonb"):
		return outcome{}
	case a.number() && b.is("json", "jsonb"): // not Infinity, not NaN
		return outcome{fails: true}
	case from == "inet" && to == "cidr":
		return outcome{lost: "the host bits"}
	case from == "macaddr8" && to == "macaddr":
		return outcome{fails: true, cast: true}
	case from == "integer" && to == "boolean":
		return outcome{lost: "all numbers except 0 and 1", lossy: "{} NOT IN (0, 1)"}
	case a.text() && b.is("json", "xml", "uuid", "boolean", "inet", "macaddr", "macaddr8"):
		return reads()
	case from == "jsonb" && to == "boolean":
		return reads()
	}
	return unknown()
}
