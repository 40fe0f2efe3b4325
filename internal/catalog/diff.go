package catalog

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Difference is one part of an object that differs between two catalogs.
type Difference struct {
	// Table is the qualified name of the object's table, or "".
	Table string
	// Object is the name of the part of the table, or the qualified name of another object.
	Object string
	// Kind is the start of the catalog's line: "column", "comment on table".
	Kind string
	// Want and Have are the definitions, or "" if the object doesn't exist or its line has no definition.
	Want, Have string
	// Text describes the difference in a sentence without a period.
	Text string
	// Harmless means that the difference only affects statements that name the object: it is a comment, what ANALYZE
	// collects, or the name of a constraint or index.
	Harmless bool
	// Named is the name of a constraint or index that is the wanted one apart from its name, "" for others.
	Named string `json:",omitempty"`
	// Invalid means that the object is an index whose build didn't complete. If it is wanted, this is the only
	// difference.
	Invalid bool `json:",omitempty"`
	// Leftover means that REINDEX CONCURRENTLY left the invalid index in addition to a wanted one.
	Leftover bool `json:",omitempty"`
}

// Qualified returns the object's name in SQL: for an index, qualified by the schema instead of the table.
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

// IsIndex reports whether d is about the index of that name, which is qualified and quoted as by quote_ident.
func (d Difference) IsIndex(name string) bool {
	return d.Kind == "index" && d.Qualified() == Escape(name)
}

// Diff returns how have differs from want, sorted by table, kind and name. It is empty if and only if the two are
// equal. If a table is missing or extra, its parts are not listed.
func Diff(want, have Catalog) []Difference {
	return compare(want, have, wording{says: "expected"})
}

func compare(want, have Catalog, words wording) []Difference {
	missing, extra := split(want.lines, have.lines), split(have.lines, want.lines)
	for key, w := range missing {
		if h, ok := extra[key]; ok && sameText(w, h) {
			delete(missing, key)
			delete(extra, key)
		}
	}
	var all []Difference
	for _, key := range sortedKeys(missing, extra) {
		w, wanted := missing[key]
		h, had := extra[key]
		switch {
		case wanted && had:
			all = append(all, changed(w, h, words))
		case wanted:
			if !w.covered(missing, extra) {
				d := w.difference()
				d.Text = words.missing(w)
				all = append(all, d)
			}
		default:
			if !h.covered(extra, missing) {
				d := h.difference()
				d.Want, d.Have = "", d.Want
				d.Text = words.extra(h)
				_, d.Invalid = completed(d.Have)
				d.Leftover = d.Invalid && leftover(h, want)
				all = append(all, d)
			}
		}
	}
	all = pairRenamed(all, words)
	slices.SortStableFunc(all, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(rank(a.Kind), rank(b.Kind)), cmp.Compare(a.Object, b.Object))
	})
	return all
}

// split returns the lines of a that are not in b, by kind and name.
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

// table returns the table that l is or belongs to and the name of the part, both escaped.
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

// owner returns the name of the relation that l is a part of, "" if there is none.
func (l Line) owner() string {
	table, object := l.table()
	if _, owner, ok := strings.Cut(l.Def, " owned by "); ok && l.Kind == "sequence" {
		table, object = CutName(Escape(owner))
	}
	if table == object && !l.Comment {
		return ""
	}
	return table
}

// covered reports whether l is part of a relation that the other catalog lacks. here has the lines that are only in l's
// catalog, there those that are only in the other one.
func (l Line) covered(here, there map[string]Line) bool {
	table := l.owner()
	if table == "" {
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

// difference returns the difference that l is missing, without a text.
func (l Line) difference() Difference {
	table, object := l.table()
	def := Escape(l.Def)
	return Difference{
		Table: table, Object: object, Kind: l.title(), Want: def,
		Harmless: l.Comment || l.Kind == "statistics",
	}
}

func changed(want, have Line, words wording) Difference {
	d := want.difference()
	d.Have = Escape(have.Def)
	d.Harmless = d.Harmless || withoutState(d.Want, "statistics ") == withoutState(d.Have, "statistics ")
	d.Text = words.changed(want, have)
	if def, invalid := completed(d.Have); invalid && def == d.Want {
		d.Text = words.object(want) + " is INVALID"
		d.Invalid = true
	}
	return d
}

// completed returns the definition that an INVALID index would have if its build had completed. ok is false for other
// objects, and for an index that is being dropped.
func completed(def string) (string, bool) {
	valid := withoutState(def, "INVALID")
	if valid == def || withoutState(def, "being dropped") != def {
		return def, false
	}
	return withoutState(valid, "not ready"), true
}

// transient matches names that REINDEX CONCURRENTLY gives to its two indexes.
var transient = regexp.MustCompile(`^(.+)_cc(?:new|old)[0-9]*$`)

// leftover reports whether extra, an INVALID index, is a copy of one of want's by REINDEX CONCURRENTLY, which may have
// truncated the name before it added the suffix.
func leftover(extra Line, want Catalog) bool {
	_, name := extra.table()
	m := transient.FindStringSubmatch(pgsql.Unquote(name))
	return m != nil && extra.isLike(want, func(name string) bool { return strings.HasPrefix(name, m[1]) })
}

// IsCopy reports whether c has an index that differs from the index l only in its name and its state: how far it is
// built, and what it is a partition of.
func (l Line) IsCopy(c Catalog) bool { return l.isLike(c, func(string) bool { return true }) }

func (l Line) isLike(c Catalog, named func(string) bool) bool {
	essence := func(l Line, name string) string {
		def, _ := l.CutState()
		return nameless(Escape(def), name)
	}
	table, name := l.table()
	for o := range c.All() {
		if o.Kind != "index" || o.Comment {
			continue
		}
		if t, n := o.table(); t == table && named(pgsql.Unquote(n)) && essence(o, n) == essence(l, name) {
			return true
		}
	}
	return false
}

// withoutState returns def without the items in its trailing brackets that begin with prefix.
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

// pairRenamed merges the differences of a missing and an extra constraint or index that differ only in their names.
func pairRenamed(all []Difference, words wording) []Difference {
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
		d.Have, d.Named, d.Harmless = all[e].Have, all[e].Object, true
		d.Text = d.Kind + " " + words.name(d.Table) + "." + d.Object + " is named " + all[e].Object
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

// rank returns a title's position in the order that a reader expects: the table before its parts.
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
