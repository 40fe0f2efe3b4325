package catalog

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Difference is one part of an object that two catalogs do not agree on.
type Difference struct {
	// Table is the qualified name of the table that it is in; "" where there is none.
	Table string
	// Object is the name of the table's part, or the qualified name of another object.
	Object string
	// Kind is the kind of the object, as the catalog's line begins: "column", "comment on table".
	Kind string
	// Want and Have are the definitions; "" where the object is not there, or has
	// nothing to say but that it is there.
	Want, Have string
	// Text says it all in a sentence without a full stop.
	Text string
	// Harmless says that any statement, unless it names the object, does the same
	// on both: the two differ in a comment, in what ANALYZE collects, or in
	// nothing but the name of a constraint or index.
	Harmless bool
	// Invalid says that it is an index whose build was cut off. One that is wanted lacks
	// nothing else.
	Invalid bool `json:",omitempty"`
	// Leftover says that it is such an index that REINDEX CONCURRENTLY left beside one that
	// is wanted.
	Leftover bool `json:",omitempty"`
}

// Qualified is the object's name as SQL has it: of an index, with the schema in place of the
// table.
func (d Difference) Qualified() string {
	if d.Kind != "index" {
		return d.Object
	}
	schema, _ := CutName(d.Table)
	if schema == "" {
		return d.Object
	}
	return schema + "." + d.Object
}

// IsIndex reports whether d is about the index of that name, qualified and quoted as
// quote_ident does.
func (d Difference) IsIndex(name string) bool {
	return d.Kind == "index" && d.Qualified() == Escape(name)
}

// Diff returns how have differs from want, ordered by table, kind and name; it
// is empty if and only if the two are equal. The parts of a table that is not
// in one of them are not listed: the table stands for them.
func Diff(want, have Catalog) []Difference {
	missing, extra := split(want.lines, have.lines), split(have.lines, want.lines)
	var all []Difference
	for _, key := range sortedKeys(missing, extra) {
		w, wanted := missing[key]
		h, had := extra[key]
		switch {
		case wanted && had:
			all = append(all, changed(w, h))
		case wanted:
			if !w.covered(missing, extra) {
				all = append(all, w.difference())
			}
		default:
			if !h.covered(extra, missing) {
				d := h.difference()
				d.Want, d.Have = "", d.Want
				d.Text = h.key() + " is extra" + parenthesis(d.Have)
				_, d.Invalid = completed(d.Have)
				d.Leftover = d.Invalid && leftover(d, want)
				all = append(all, d)
			}
		}
	}
	all = pairRenamed(all)
	slices.SortStableFunc(all, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(rank(a.Kind), rank(b.Kind)), cmp.Compare(a.Object, b.Object))
	})
	return all
}

// split returns the lines of a that b has not, by kind and name.
func split(a, b []string) map[string]Line {
	all := map[string]Line{}
	for _, s := range without(a, b) {
		l := mustParse(s)
		all[l.key()] = l
	}
	return all
}

// without returns the lines of sorted a that are not in sorted b.
func without(a, b []string) []string {
	var out []string
	for _, s := range a {
		i, found := slices.BinarySearch(b, s)
		b = b[i:]
		if !found {
			out = append(out, s)
		}
	}
	return out
}

func sortedKeys(maps ...map[string]Line) []string {
	var keys []string
	for _, m := range maps {
		for k := range m {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// table returns the table that l is or is a part of, and its name in there, both as the text has them.
func (l Line) table() (table, object string) {
	name := Escape(l.Name)
	switch l.Kind {
	case "column", "constraint", "index", "trigger", "rule", "policy":
		return CutName(name)
	}
	if slices.Contains(relationKinds, l.Kind) {
		return name, name
	}
	return "", name
}

var relationKinds = []string{"table", "foreign table", "view", "materialized view"}

// covered reports whether l is part of a relation that is not in the other
// catalog at all. here has what only l's catalog has, there what only the other has.
func (l Line) covered(here, there map[string]Line) bool {
	table, object := l.table()
	if table == "" || table == object && !l.Comment {
		return false
	}
	for _, kind := range relationKinds {
		key := kind + " " + table
		if _, ok := here[key]; ok {
			_, changed := there[key]
			return !changed
		}
	}
	return false
}

// difference says that l is wanted and missing.
func (l Line) difference() Difference {
	table, object := l.table()
	def := Escape(l.Def)
	return Difference{
		Table: table, Object: object, Kind: l.title(), Want: def,
		Text:     l.key() + " is missing" + parenthesis(def),
		Harmless: l.Comment || l.Kind == "statistics",
	}
}

func parenthesis(def string) string {
	if def == "" {
		return ""
	}
	return " (" + def + ")"
}

func changed(want, have Line) Difference {
	d := want.difference()
	d.Have = Escape(have.Def)
	d.Harmless = d.Harmless || withoutState(d.Want, "statistics ") == withoutState(d.Have, "statistics ")
	d.Text = fmt.Sprintf("%s: wants %s, has %s", want.key(), cmp.Or(d.Want, "nothing"), cmp.Or(d.Have, "nothing"))
	if def, invalid := completed(d.Have); invalid && def == d.Want {
		d.Text = want.key() + " is INVALID"
		d.Invalid = true
	}
	return d
}

// completed returns the definition that an index would have if its build had not been cut
// off, and reports whether it was. One that is being dropped is not completed any more.
func completed(def string) (string, bool) {
	valid := withoutState(def, "INVALID")
	if valid == def || withoutState(def, "being dropped") != def {
		return def, false
	}
	return withoutState(valid, "not ready"), true
}

// Names that REINDEX CONCURRENTLY gives to an index while there are two.
var transient = regexp.MustCompile(`^(.+)_cc(?:new|old)[0-9]*$`)

// leftover reports whether extra, an INVALID index, is the other half of one of want's. Its
// name may be cut to make room for the ending.
func leftover(extra Difference, want Catalog) bool {
	m := transient.FindStringSubmatch(pgsql.Unquote(extra.Object))
	if m == nil {
		return false
	}
	def, _ := completed(extra.Have)
	for l := range want.All() {
		if l.Kind != "index" || l.Comment {
			continue
		}
		table, object := l.table()
		if table == extra.Table && strings.HasPrefix(pgsql.Unquote(object), m[1]) && nameless(Escape(l.Def), object) == nameless(def, extra.Object) {
			return true
		}
	}
	return false
}

// withoutState returns def without the items in its trailing brackets that begin so.
func withoutState(def, prefix string) string {
	i := strings.LastIndex(def, " [")
	if i < 0 || !strings.HasSuffix(def, "]") {
		return def
	}
	items := strings.Split(def[i+2:len(def)-1], ", ")
	items = slices.DeleteFunc(items, func(s string) bool { return strings.HasPrefix(s, prefix) })
	if len(items) == 0 {
		return def[:i]
	}
	return def[:i] + " [" + strings.Join(items, ", ") + "]"
}

// pairRenamed makes one difference of a missing and an extra constraint or
// index that differ in their names alone.
func pairRenamed(all []Difference) []Difference {
	type same struct{ table, kind, def string }
	extra := map[same][]int{}
	for i, d := range all {
		if d.Have != "" && d.Want == "" && (d.Kind == "constraint" || d.Kind == "index") {
			k := same{d.Table, d.Kind, nameless(d.Have, d.Object)}
			extra[k] = append(extra[k], i)
		}
	}
	paired := map[int]bool{}
	for i := range all {
		d := &all[i]
		if d.Want == "" || d.Have != "" {
			continue
		}
		k := same{d.Table, d.Kind, nameless(d.Want, d.Object)}
		if len(extra[k]) == 0 {
			continue
		}
		e := extra[k][0]
		extra[k] = extra[k][1:]
		paired[e] = true
		d.Have, d.Harmless = all[e].Have, true
		d.Text = fmt.Sprintf("%s %s.%s is named %s", d.Kind, d.Table, d.Object, all[e].Object)
	}
	kept := all[:0]
	for i, d := range all {
		if !paired[i] {
			kept = append(kept, d)
		}
	}
	return kept
}

// nameless returns def without the index's name.
func nameless(def, name string) string {
	return strings.Replace(def, " INDEX "+name+" ON ", " INDEX ON ", 1)
}

// rank orders kinds, as titles have them, as a reader expects them: the table before its parts.
func rank(title string) int {
	kind, comment := strings.CutPrefix(title, commentOn)
	order := []string{"schema", "extension", "table", "foreign table", "view", "materialized view", "column", "constraint", "index", "trigger", "rule", "policy"}
	r := slices.Index(order, kind)
	if r < 0 {
		r = len(order) + slices.Index(kinds, kind)
	}
	if comment {
		r += len(order) + len(kinds)
	}
	return r
}
