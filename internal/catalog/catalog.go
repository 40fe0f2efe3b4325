// Package catalog reads a PostgreSQL database's catalog into a normal form,
// compares two of them in words, and measures what a migration changes.
//
// The normal form is a sorted list of lines, one for each part of an object:
//
//	column public.results.flaky: boolean not null default false
//	index public.results.ix_results_tags: CREATE INDEX ix_results_tags ON public.results USING gin (tags)
//
// It is PostgreSQL's own account of itself (format_type, pg_get_expr,
// pg_get_indexdef, ...), and it is the same on every server from 13 on, under
// every setting of the session, and for every owner. It leaves out what a
// schema's source does not say: the order of a table's columns, OIDs, owners,
// privileges, security labels, the names of NOT NULL constraints, the name of
// an identity column's sequence, the versions of extensions, whatever belongs
// to an extension, and temporary and system schemas.
package catalog

import (
	"iter"
	"slices"
	"strings"
)

// Catalog is a database's catalog in normal form. The zero value is what an
// empty database has. A Catalog is immutable and safe for concurrent use.
type Catalog struct {
	lines []string // sorted, unique
}

// newCatalog takes over lines, which need not be sorted.
func newCatalog(lines []string) Catalog {
	if len(lines) == 0 {
		return Catalog{}
	}
	slices.Sort(lines)
	return Catalog{lines: slices.Compact(lines)}
}

// New returns the catalog of lines in any order.
func New(lines []Line) Catalog {
	texts := make([]string, len(lines))
	for i, l := range lines {
		texts[i] = l.String()
	}
	return newCatalog(texts)
}

// All yields the catalog's lines in the order of their texts.
func (c Catalog) All() iter.Seq[Line] {
	return func(yield func(Line) bool) {
		for _, text := range c.lines {
			if !yield(mustParse(text)) {
				return
			}
		}
	}
}

// Filter returns the catalog without the lines that keep does not want.
func (c Catalog) Filter(keep func(Line) bool) Catalog {
	var lines []string
	for _, text := range c.lines {
		if keep(mustParse(text)) {
			lines = append(lines, text)
		}
	}
	return Catalog{lines}
}

// Def returns an object's definition, and whether there is such an object.
func (c Catalog) Def(kind, name string) (def string, ok bool) {
	key := Line{Kind: kind, Name: name}.key()
	if _, ok := slices.BinarySearch(c.lines, key); ok {
		return "", true
	}
	key += ": "
	if i, _ := slices.BinarySearch(c.lines, key); i < len(c.lines) && strings.HasPrefix(c.lines[i], key) {
		return mustParse(c.lines[i]).Def, true
	}
	return "", false
}

// Lines returns the catalog's lines, sorted by bytes and unique. Each is
// "kind name: definition", names quoted as quote_ident does; line breaks, other
// control characters and backslashes are escaped with a backslash, so that each
// line is one line. The caller may change the slice.
func (c Catalog) Lines() []string { return slices.Clone(c.lines) }

// Equal reports whether two databases are the same in every part that a
// catalog lists.
func (c Catalog) Equal(o Catalog) bool { return slices.Equal(c.lines, o.lines) }

// String returns the lines, each with a newline after it.
func (c Catalog) String() string {
	if len(c.lines) == 0 {
		return ""
	}
	return strings.Join(c.lines, "\n") + "\n"
}
