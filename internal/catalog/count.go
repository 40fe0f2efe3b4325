package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A Count is how many objects of a kind migrations add, change or drop.
type Count struct {
	Sign string // "+", "~" or "-"
	What string // "column", "renamed table", or "type" for a column whose type changes
	N    int
}

// Counts returns what effects, one after the other, change in the end. stmts are the statements of their migrations,
// which tell what is renamed. What belongs to a table that is added, dropped or renamed isn't counted.
func Counts(effects []Effect, stmts [][]pgsql.Stmt) []Count {
	h := history{now: map[string]*traced{}}
	for i, e := range effects {
		h.apply(e, stmts[i])
	}
	h.join()
	added, dropped, renamed := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, o := range h.all {
		switch {
		case o.last == nil && o.first != nil:
			dropped[o.first.Object().String()] = true
		case o.first == nil && o.last != nil:
			added[o.last.Object().String()] = true
		case o.renamed() && !o.first.Comment:
			renamed[o.first.Name] = true
		}
	}
	var list []Count
	count := func(sign, what string) {
		i := slices.IndexFunc(list, func(c Count) bool { return c.Sign == sign && c.What == what })
		if i < 0 {
			i, list = len(list), append(list, Count{Sign: sign, What: what})
		}
		list[i].N++
	}
	slices.SortStableFunc(h.all, func(a, b *traced) int { return cmp.Compare(rank(a.line().title()), rank(b.line().title())) })
	for _, o := range h.all {
		switch {
		case o.first == nil && o.last == nil:
		case o.first == nil:
			if !o.last.partOf(added) {
				count("+", o.last.counted())
			}
		case o.last == nil:
			if !o.first.partOf(dropped) {
				count("-", o.first.counted())
			}
		default:
			if o.first.Def != o.last.Def {
				what := o.last.counted()
				if what == "column" && o.first.Column().Type != o.last.Column().Type {
					what = "type"
				}
				count("~", what)
			}
			before, name := CutName(o.first.Name)
			_, now := CutName(o.last.Name)
			// Keys and indexes are often named after their table.
			named := o.first.Kind == "constraint" || o.first.Kind == "index"
			passive := renamed[before] && (name == now || named) || o.first.Comment && renamed[o.first.Name]
			if o.renamed() && !passive {
				count("~", "renamed "+o.first.counted())
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Count) int {
		const order = "+~-"
		return cmp.Compare(strings.Index(order, a.Sign), strings.Index(order, b.Sign))
	})
	return list
}

// A history is what happens to objects.
type history struct {
	all []*traced
	now map[string]*traced // that exist, by their lines' keys
}

// A traced object is what happens to one: its line before, nil if it is added, and after, nil if it is dropped.
type traced struct{ first, last *Line }

func (o *traced) renamed() bool {
	return o.first != nil && o.last != nil && o.first.Name != o.last.Name
}

// line returns a line of o.
func (o *traced) line() Line {
	switch {
	case o.last != nil:
		return *o.last
	case o.first != nil:
		return *o.first
	}
	return Line{}
}

func (h *history) apply(e Effect, stmts []pgsql.Stmt) {
	renames := RenamesOf(stmts)
	added := map[string]Line{}
	for _, l := range e.Added() {
		added[l.key()] = l
	}
	next := map[string]*traced{}
	for _, l := range e.Removed() {
		o := h.now[l.key()]
		if o == nil {
			o = h.add(&traced{first: &l})
		}
		delete(h.now, l.key())
		o.last = nil
		if a, ok := successor(l, added, renames); ok {
			if o.first != nil && o.first.Def == l.Def && renames.respelled(l) == a.Def {
				o.first.Def = a.Def
			}
			o.last = &a
			next[a.key()] = o
			delete(added, a.key())
		}
	}
	for _, l := range e.Added() {
		if _, ok := added[l.key()]; ok {
			next[l.key()] = h.add(&traced{last: &l})
		}
	}
	for key, o := range next {
		h.now[key] = o
	}
}

func (h *history) add(o *traced) *traced {
	h.all = append(h.all, o)
	return o
}

// successor returns the one of the added lines that is the removed line's object, which may have another name.
func successor(l Line, added map[string]Line, renames Renames) (Line, bool) {
	to := l
	to.Name = renames.Of(l.Name)
	if a, ok := added[to.key()]; ok {
		return a, true
	}
	if a, ok := added[l.key()]; ok {
		return a, true
	}
	if l.Comment || l.Kind != "index" && l.Kind != "constraint" {
		return Line{}, false
	}
	table, name := l.table()
	for _, key := range sortedKeys(added) {
		a := added[key]
		if t, n := a.table(); a.title() == l.title() && t == table && nameless(a.Def, n) == nameless(l.Def, name) {
			return a, true
		}
	}
	return Line{}, false
}

// respelled returns a line's definition with the new names.
func (r Renames) respelled(l Line) string {
	names := map[string]string{}
	for _, m := range r.forth {
		_, from := CutName(m.from)
		_, to := CutName(m.to)
		names[from] = to
	}
	var b strings.Builder
	end := 0
	for _, t := range pgsql.Tokens(l.Def) {
		if name, ok := names[l.Def[t.Pos.Offset:t.Pos.Offset+len(t.Text)]]; ok {
			b.WriteString(l.Def[end:t.Pos.Offset] + name)
			end = t.Pos.Offset + len(t.Text)
		}
	}
	return b.String() + l.Def[end:]
}

// join makes one object of an object that is dropped and of another that takes its name.
func (h *history) join() {
	gone := map[string]*traced{}
	for _, o := range h.all {
		if o.first != nil && o.last == nil {
			gone[o.first.key()] = o
		}
	}
	for _, o := range h.all {
		if o.first != nil || o.last == nil {
			continue
		}
		if old := gone[o.last.key()]; old != nil {
			o.first, old.first = old.first, nil
		}
	}
}

// counted returns the kind as it is counted.
func (l Line) counted() string {
	if l.Comment {
		return "comment"
	}
	return l.Kind
}

// partOf reports whether l is part of one of the relations, which are lines without definitions.
func (l Line) partOf(relations map[string]bool) bool {
	owner := l.owner()
	return owner != "" && slices.ContainsFunc(relationKinds, func(kind string) bool { return relations[kind+" "+owner] })
}
