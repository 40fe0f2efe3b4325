package catalog

import (
	"slices"
	"strings"
)

// IsExtra reports whether d, a difference from want, is an object that want doesn't have.
func (d Difference) IsExtra(want Catalog) bool {
	if d.Want != "" {
		return false
	}
	key := d.Kind + " " + d.Object
	if d.Table != "" && d.Table != d.Object {
		key = d.Kind + " " + d.Table + "." + d.Object
	}
	if _, found := slices.BinarySearch(want.lines, key); found {
		return false
	}
	key += ": "
	i, _ := slices.BinarySearch(want.lines, key)
	return i == len(want.lines) || !strings.HasPrefix(want.lines[i], key)
}

// In returns how many of c's lines other has, too.
func (c Catalog) In(other Catalog) int { return len(c.lines) - len(without(c.lines, other.lines)) }

// Len returns the number of lines.
func (c Catalog) Len() int { return len(c.lines) }

// Creates reports whether e adds an object of the kind and name of d, with any definition.
func (e Effect) Creates(d Difference) bool {
	return slices.ContainsFunc(e.Added(), func(l Line) bool {
		table, object := l.table()
		return l.title() == d.Kind && table == d.Table && object == d.Object
	}) && !slices.ContainsFunc(e.Removed(), func(l Line) bool {
		table, object := l.table()
		return l.title() == d.Kind && table == d.Table && object == d.Object
	})
}
