package catalog

import (
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Undeclared takes out of the differences from want what doesn't make a database's schema another one: extensions that
// want doesn't have, and partitions of its tables that something creates while the application runs. Nothing in want
// uses them.
func Undeclared(want Catalog, diffs []Difference) (undeclared, rest []Difference) {
	extra := func(kind, name string) bool {
		return slices.ContainsFunc(diffs, func(d Difference) bool { return d.Kind == kind && d.Object == name && d.Want == "" })
	}
	// A partition may itself be partitioned.
	isPartition := func(d Difference) bool { return false }
	isPartition = func(d Difference) bool {
		if d.Kind != "table" || d.Want != "" {
			return false
		}
		parent := partitionedTable(d.Have)
		if def, ok := want.Def("table", parent); ok {
			return strings.HasPrefix(def, "partitioned ")
		}
		i := slices.IndexFunc(diffs, func(o Difference) bool { return o.Kind == "table" && o.Object == Escape(parent) })
		return i >= 0 && isPartition(diffs[i])
	}
	for _, d := range diffs {
		switch {
		case d.Want == "" && d.Kind == "extension", isPartition(d):
			undeclared = append(undeclared, d)
		case d.Want == "" && d.Kind == "comment on extension" && extra("extension", d.Object):
		default:
			rest = append(rest, d)
		}
	}
	return undeclared, rest
}

// partitionedTable returns the table of which a table with this definition is a partition, or "".
func partitionedTable(def string) string {
	origin, ok := strings.CutPrefix(Line{Kind: "table", Def: def}.Origin(), "partition of ")
	if !ok {
		return ""
	}
	w := pgsql.Words(pgsql.Tokens(origin))
	_, next, ok := w.Name(0)
	if !ok {
		return ""
	}
	return w[:next].In(origin)
}

// Origin returns, from a table's line, where its columns come from: "partition of public.p DEFAULT", "inherits
// (public.a)", "of public.pair". It returns "" if the table has its own.
func (l Line) Origin() string {
	def, _ := l.CutState()
	if origin, ok := strings.CutPrefix(def, "ordinary, "); ok {
		return origin
	}
	depth := 0
	for _, t := range pgsql.Tokens(def) {
		switch {
		case t.Kind != pgsql.Op:
		case t.Text == "(":
			depth++
		case t.Text == ")":
			depth--
		case t.Text == "," && depth == 0:
			return strings.TrimPrefix(def[t.Pos.Offset+1:], " ")
		}
	}
	return ""
}
