// Package catalog reads a PostgreSQL database's catalog into a normal form, describes the differences between two
// catalogs, and measures what a migration changes.
//
// The normal form is a sorted list of lines, one for each part of an object:
//
//	column public.results.flaky: boolean not null default false
//	index public.results.ix_results_tags: CREATE INDEX ix_results_tags ON public.results USING gin (tags)
//
// PostgreSQL itself prints the definitions (format_type, pg_get_expr, pg_get_indexdef, ...). They are the same on every
// server from version 12 on, with all settings of the session, and for every owner. A catalog doesn't include what a
// schema's source doesn't determine: the order of a table's columns, OIDs, owners, privileges, security labels, the
// names of NOT NULL constraints and of identity columns' sequences, the versions and members of extensions, and
// temporary and system schemas. The package doesn't know where a schema comes from or how to change it.
package catalog

import (
	"iter"
	"slices"
	"strings"
)

// Catalog is a database's catalog in normal form. The zero value is the catalog of an empty database. A Catalog is
// immutable and safe for concurrent use.
type Catalog struct {
	lines []string // sorted, unique
}

// newCatalog takes ownership of lines and sorts them.
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

// All yields the catalog's lines, sorted by text.
func (c Catalog) All() iter.Seq[Line] {
	return func(yield func(Line) bool) {
		for _, text := range c.lines {
			if !yield(mustParse(text)) {
				return
			}
		}
	}
}

// Filter returns the catalog of the lines for which keep returns true.
func (c Catalog) Filter(keep func(Line) bool) Catalog {
	var lines []string
	for _, text := range c.lines {
		if keep(mustParse(text)) {
			lines = append(lines, text)
		}
	}
	return Catalog{lines}
}

// Def returns an object's definition and whether it exists.
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

// Lines returns the catalog's lines, sorted by bytes and unique. Each is "kind name: definition", with names quoted as
// by quote_ident. Line breaks, other control characters and backslashes are escaped with a backslash. The caller may
// change the slice.
func (c Catalog) Lines() []string { return slices.Clone(c.lines) }

// Equal reports whether two catalogs are equal, apart from what PostgreSQL prints differently after a dump is restored.
func (c Catalog) Equal(o Catalog) bool {
	return slices.EqualFunc(c.lines, o.lines, func(a, b string) bool {
		return a == b || sameText(mustParse(a), mustParse(b))
	})
}

// String returns the lines, each followed by a newline.
func (c Catalog) String() string {
	if len(c.lines) == 0 {
		return ""
	}
	return strings.Join(c.lines, "\n") + "\n"
}
