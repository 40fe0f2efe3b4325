package catalog

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// Compare is like Diff, with texts that say who wants what. says is a clause that the wanted properties follow, such as
// "the migrations say": "results.start_time is nullable; the migrations say NOT NULL". The texts don't qualify names
// with the schema public.
func Compare(want, have Catalog, says string) []Difference {
	return compare(want, have, wording{says: says, short: true})
}

// A wording is how texts are worded.
type wording struct {
	says  string // the clause before the wanted properties
	short bool   // omit the schema public
}

// name returns the name of an object in a text.
func (w wording) name(name string) string {
	if w.short {
		return strings.TrimPrefix(name, "public.")
	}
	return name
}

// object returns a line's kind and name in a text.
func (w wording) object(l Line) string { return l.title() + " " + w.name(Escape(l.Name)) }

func (w wording) missing(l Line) string { return w.object(l) + " is missing" + parenthesis(l) }
func (w wording) extra(l Line) string   { return w.object(l) + " is extra" + parenthesis(l) }

// parenthesis returns a line's definition, unless that is the one which almost all lines of its kind have.
func parenthesis(l Line) string {
	if l.Def == "" || l.Kind == "table" && l.Def == "ordinary" {
		return ""
	}
	return " (" + Escape(l.Def) + ")"
}

// changed describes how have differs from want, another line of the same object.
func (w wording) changed(want, have Line) string {
	if want.Comment {
		return w.object(want) + " is " + cmp.Or(Escape(have.Def), "nothing") + "; " + w.says + " " + cmp.Or(Escape(want.Def), "nothing")
	}
	switch want.Kind {
	case "column":
		return w.name(Escape(want.Name)) + " " + w.column(want.Column(), have.Column())
	case "constraint":
		if valid, ok := strings.CutSuffix(have.Def, " NOT VALID"); ok && valid == want.Def {
			return w.object(want) + " is NOT VALID, so older rows may violate it; " + w.says + " validated"
		}
	}
	has, wants := apart(Escape(have.Def), Escape(want.Def))
	return w.object(want) + " is " + cmp.Or(has, "without properties") + "; " + w.says + " " + cmp.Or(wants, "no properties")
}

// column describes the parts of a column that differ: "is nullable and has no default; the migrations say NOT NULL,
// DEFAULT now()".
func (w wording) column(want, have Column) string {
	var is, wants []string
	differs := func(has, wanted string) {
		is, wants = append(is, has), append(wants, wanted)
	}
	if have.Type != want.Type {
		differs("is "+have.Type, want.Type)
	}
	if have.Collation != want.Collation {
		differs("has "+cmp.Or(have.Collation, "the type's collation"), cmp.Or(want.Collation, "the type's collation"))
	}
	if have.NotNull != want.NotNull {
		differs("is "+cmp.Or(have.NotNull, "nullable"), cmp.Or(want.NotNull, "nullable"))
	}
	if have.Value != want.Value {
		has, wanted := apart(cmp.Or(have.Value, "no default"), cmp.Or(want.Value, "no default"))
		verb := "has "
		if strings.HasPrefix(have.Value, "GENERATED") {
			verb = "is "
		}
		differs(verb+has, wanted)
	}
	if have.State != want.State {
		differs("has "+cmp.Or(have.State, "no settings"), cmp.Or(want.State, "no settings"))
	}
	if n := len(is); n > 1 {
		is = append(is[:n-2], is[n-2]+" and "+is[n-1])
	}
	return strings.Join(is, ", ") + "; " + w.says + " " + strings.Join(wants, ", ")
}

// NeedsNotNull reports whether d is a column that may be NULL and shouldn't.
func (d Difference) NeedsNotNull() bool {
	if d.Kind != "column" || d.Want == "" || d.Have == "" {
		return false
	}
	want, have := Line{Def: unescape(d.Want)}.Column(), Line{Def: unescape(d.Have)}.Column()
	return want.NotNull == "NOT NULL" && have.NotNull != want.NotNull
}

// NeedsCheck returns the condition of a CHECK that d is about and that rows may violate, because it is missing or
// NOT VALID; otherwise it returns "".
func (d Difference) NeedsCheck() string {
	if d.Kind != "constraint" || !strings.HasPrefix(d.Want, "CHECK (") || d.Have != "" && d.Have != d.Want+" NOT VALID" {
		return ""
	}
	def := unescape(d.Want)
	tokens := tokens(def)
	end := tokens.closing(1)
	return def[tokens[1].Pos.Offset : tokens[end].Pos.Offset+1]
}

// SQL returns the object's table and its own name, as in SQL.
func (d Difference) SQL() (table, object string) { return unescape(d.Table), unescape(d.Object) }

// apart shortens two long texts to where they begin to differ.
func apart(a, b string) (string, string) {
	const long, before, after = 300, 60, 120
	if len(a) <= long && len(b) <= long {
		return a, b
	}
	same := 0
	for same < len(a) && same < len(b) && a[same] == b[same] {
		same++
	}
	window := func(s string) string {
		from, to := max(0, same-before), min(len(s), same+after)
		for from > 0 && !utf8.RuneStart(s[from]) {
			from--
		}
		for to < len(s) && !utf8.RuneStart(s[to]) {
			to++
		}
		head, tail := "", ""
		if from > 0 {
			head = "..."
		}
		if to < len(s) {
			tail = "..."
		}
		return head + s[from:to] + tail
	}
	return window(a), window(b)
}
