package hazard

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A TypeChange is an ALTER COLUMN TYPE.
type TypeChange struct {
	Table    string // the table's name in messages and queries
	Named    string // the table's name in Using, without a schema and unquoted
	Column   string // the column's name, unquoted
	From, To Type
	Using    string // the expression; empty if values are assigned
	Hidden   bool   // whether Using is unknown, as in a DO block

	// What the statement did to the table or its partitions.
	Seen Seen

	// Used for Instead, which is empty without them.
	New     fix.Column // a column that can replace this one, with a free name
	Check   string     // a free name for a constraint, as SQL
	Outline bool       // whether Instead is for a comment in a migration, which omits the batches
}

// Seen is what PostgreSQL did to a table and its indexes.
type Seen struct {
	Rewrites bool // every row was rewritten
	Rebuilds bool // an index was rebuilt, but no row rewritten
	Rechecks bool // every row was rechecked
}

func (c TypeChange) ident() string { return pgsql.Ident(c.Column) }

// Cost returns what the change costs the users of the table.
func (c TypeChange) Cost() []Hazard {
	var list []Hazard
	add := func(kind Kind, why string) {
		list = append(list, Hazard{Kind: kind, Table: c.Table, Column: c.ident(), Lock: AccessExclusive,
			What: "the type of " + c.ident() + " changes from " + c.From.Name + " to " + c.To.Name + why, Instead: c.Expand()})
	}
	if c.Seen.Rewrites {
		add(Rewrite, ", which rewrites every row and every index")
		return list // includes the others
	}
	if c.Seen.Rechecks {
		add(Recheck, ", which rechecks every row")
	}
	if c.Seen.Rebuilds {
		add(Rebuild, ", which rebuilds its indexes")
	}
	return list
}

// Expand returns how to change the type by adding a second column.
func (c TypeChange) Expand() fix.Text {
	if c.New.Name == "" {
		return fix.Text{}
	}
	e := fix.Expand{Old: c.ident(), New: c.New, Value: c.inRow()}
	if c.Outline {
		e.Value = cmp.Or(c.Using, c.ident())
		return e.Outline()
	}
	return fix.ExpandColumn(e)
}

// Values returns what the change does to values.
func (c TypeChange) Values() []Hazard {
	o, plain := c.outcome()
	if plain {
		o.bad, o.lossy = fill(o.bad, c.ident()), fill(o.lossy, c.ident())
	} else {
		o.bad, o.lossy = "", ""
	}
	base := Hazard{Table: c.Table, Column: c.ident(), Lock: AccessExclusive, Instead: c.Expand()}
	var list []Hazard
	add := func(kind Kind, what string, query, instead fix.Text) {
		h := base
		h.Kind, h.What, h.Query = kind, what, query
		if !instead.Empty() {
			h.Instead = instead
		}
		list = append(list, h)
	}
	altered := fix.Rows(c.Table, o.lossy)
	if o.lossy == "" {
		altered = fix.Altered(c.conversion())
	}
	if o.lost != "" {
		add(Lossy, "silently loses "+o.lost+" of "+c.ident(), altered, fix.Text{})
	}
	if o.shifted != "" {
		add(Lossy, fill(o.shifted, c.ident())+", unless the file sets a different time zone",
			fix.Rows(c.Table, c.ident()+" IS NOT NULL"), c.zoned())
	}
	if !o.fails {
		return list
	}
	kind, query, instead := Narrow, fix.Rows(c.Table, o.bad), fix.Text{}
	if o.cast {
		kind = Cast
	}
	switch {
	case o.bad == "":
		query = fix.Unconvertible(c.conversion())
	case kind == Narrow && c.Check != "":
		instead = fix.AddNotValid(nil, fix.Constraint{Table: c.Table, Name: c.Check, Definition: "CHECK (NOT (" + o.bad + "))"})
	}
	what := "fails if a value of " + c.ident() + " doesn't fit in " + cmp.Or(o.into, c.To.Name)
	if !plain && o.cast {
		what = "fails if USING fails for a value of " + c.ident()
	}
	add(kind, what, query, instead)
	return list
}

// zoned returns how to state the time zone of the existing values.
func (c TypeChange) zoned() fix.Text {
	if from := c.From.value(); c.New.Name == "" || !(from.timestamp() || from.is("date")) || !c.To.value().timestamp() {
		return fix.Text{}
	}
	return fix.Words("for a different time zone, add USING with the column AT TIME ZONE and the zone's name, which rewrites the table")
}

// outcome returns what happens to the values. plain means that its conditions are about the column's own values, not
// about those of an expression.
func (c TypeChange) outcome() (o outcome, plain bool) {
	from, to := c.From.value(), c.To.value()
	if c.From.Name == c.To.Name {
		to.checked = false // the values were already checked
	}
	if c.Using == "" {
		o := convert(from, to, false)
		if cast := convert(from, to, true); c.Hidden && cast.lost != "" {
			o.lost, o.lossy = cast.lost, cast.lossy
		}
		return o, true
	}
	w := pgsql.Words(pgsql.Tokens(c.Using))
	steps, ok := casts(w, c.Column)
	if !ok {
		return c.expression(w, from, to), false
	}
	if len(steps) == 0 {
		return convert(from, to, false), true
	}
	v := from
	for i, s := range steps {
		var next value
		var step outcome
		if s.zone != "" {
			step, next = atTimeZone(v, s.zone)
		} else {
			next = c.resolve(s.typ)
			next.checked = next.checked && to.checked
			step = convert(v, next, true)
			step.into = s.typ
		}
		if v.text() && (!from.text() || from.is(`"char"`)) && i > 0 {
			step = byText(from, next, step)
		}
		if i > 0 {
			step = step.ofText()
		}
		o = o.then(step)
		v = next.after(v)
	}
	last := convert(v, to, false)
	if v.text() && (!from.text() || from.is(`"char"`)) {
		last = byText(from, to, last)
	}
	return o.then(last.ofText()), true
}

// after returns what is known about values after a conversion from another type: text keeps its length and labels.
func (v value) after(before value) value {
	if v.text() {
		v.most = before.longest()
		if v.labels == nil {
			v.labels = before.labels
		}
	}
	return v
}

// ofText returns an outcome with only the conditions on a value's text, which is the same in every intermediate type.
func (o outcome) ofText() outcome {
	keep := func(condition string) string {
		if strings.Count(condition, "{}") != strings.Count(condition, "{}::text") {
			return ""
		}
		return condition
	}
	o.bad, o.lossy = keep(o.bad), keep(o.lossy)
	return o
}

func (o outcome) harms() bool { return o.lost != "" || o.shifted != "" || o.fails }

// then returns the outcome of a conversion followed by another.
func (o outcome) then(next outcome) outcome {
	if o.lost == "" {
		o.lost, o.lossy = next.lost, next.lossy
	}
	o.shifted = cmp.Or(o.shifted, next.shifted)
	if !o.fails {
		o.bad, o.cast, o.into = next.bad, next.cast, next.into
	} else if next.fails {
		o.bad, o.into = "", ""
		o.cast = o.cast || next.cast
	}
	o.fails = o.fails || next.fails
	return o
}

// byText returns the outcome of converting the text of a value that originally had another type.
func byText(from, to value, o outcome) outcome {
	if to.text() || from.labels != nil && to.labels != nil || to.element != nil {
		return o
	}
	direct := convert(from, to, true)
	if from.text() {
		direct = unknown()
	}
	if direct.lost != "" {
		o.lost, o.lossy = direct.lost, ""
	}
	o.shifted = cmp.Or(o.shifted, direct.shifted)
	if !direct.harms() && from.integer() && to.number() {
		return outcome{}
	}
	return o
}

// resolve returns the type that a cast names.
func (c TypeChange) resolve(name string) value {
	for _, t := range []Type{c.To, c.From} {
		if t.Name == name || strings.TrimPrefix(t.Name, "public.") == strings.TrimPrefix(name, "public.") {
			return t.value()
		}
	}
	return parse(name)
}

// expression returns the outcome of a USING expression that isn't just casts.
func (c TypeChange) expression(w pgsql.Words, from, to value) outcome {
	var o outcome
	if !wraps(w, from, c.Column) {
		o.lost = "what USING omits"
	}
	if !total(w) {
		o.fails, o.cast = true, true
	}
	null := len(w) == 1 && w.At(0) == "NULL"
	o.fails = o.fails || to.checked || !null && narrows(w, from, to)
	return o
}

// narrows reports whether the value of an expression may not fit in the new type.
func narrows(w pgsql.Words, from, to value) bool {
	if to.element != nil {
		to = *to.element
	}
	switch {
	case to.text():
		return short(w) > to.arg(endless)
	case from.number() && to.number(), from.is("json") && to.is("jsonb"):
		return convert(from, to, false).fails
	}
	return len(to.args) > 0 && to.is("numeric", "bit", "bit varying")
}

// conversion returns the change for queries that try it row by row.
func (c TypeChange) conversion() fix.Conversion {
	conversion := fix.Conversion{Table: c.Table, Column: c.ident(), From: c.From.Name, To: c.To.Name, Value: c.inRow(), Same: fix.SameText}
	from, to := c.From.value(), c.To.value()
	switch {
	case from.number():
		conversion.Same = fix.SameValue
	case !from.text():
	case to.number():
		conversion.Same = "numeric"
	case to.clock() || to.is("interval"):
		conversion.Same = "interval"
	case to.hasTime() || to.is("date"):
		conversion.Same = "timestamp with time zone"
	case to.is("jsonb"):
		conversion.Same = fix.SameButSpaces
	}
	return conversion
}

// inRow returns the new value as an expression over the columns of a row r.
func (c TypeChange) inRow() string {
	if c.Using == "" {
		return "r." + c.ident()
	}
	w := pgsql.Words(pgsql.Tokens(c.Using))
	var b strings.Builder
	done := 0
	for i := range w {
		if w[i].Pos.Offset < done || slices.Contains([]string{".", "::", "AS"}, w.At(i-1)) {
			continue
		}
		table, dot, ok := w.Ident(i)
		if name, next, _ := w.Ident(dot + 1); ok && w.At(dot) == "." && w.At(next) == "." { // with its schema
			table, dot = name, next
		}
		if _, next, column := w.Ident(dot + 1); ok && table == c.Named && w.At(dot) == "." && column && w.At(next) != "(" {
			b.WriteString(c.Using[done:w[i].Pos.Offset] + "r.")
			done = w[dot+1].Pos.Offset
		}
	}
	return b.String() + c.Using[done:]
}

// Failing returns the condition that a value, an expression, can't be converted, "" if there is no short one. fails
// reports whether there may be such values.
func (c TypeChange) Failing(value string) (condition string, fails bool) {
	o, plain := c.outcome()
	if !plain || !o.fails {
		o.bad = ""
	}
	return fill(o.bad, value), o.fails
}

// Zones reports whether values lose or gain a time zone.
func (c TypeChange) Zones() (loses, gains bool) {
	from, to := c.From.value(), c.To.value()
	local := func(v value) bool {
		return v.element == nil && (v.is("timestamp without time zone", "date", "time without time zone"))
	}
	instant := func(v value) bool { return v.element == nil && v.is("timestamp with time zone") }
	return instant(from) && local(to), from.is("timestamp without time zone", "date") && from.element == nil && instant(to)
}
