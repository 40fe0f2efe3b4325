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

// Lines returns the catalog's lines, sorted by bytes and unique. Each is
// "kind name: definition", names quoted as quote_ident does; line breaks, other
// control characters and backslashes are escaped with a backslash, so that each
// line is one line. The caller may change the slice.
func (c Catalog) Lines() []string { return slices.Clone(c.lines) }

// Equal reports whether two databases are the same in every part that a
// catalog lists.
func (c Catalog) Equal(o Catalog) bool { return slices.Equal(c.lines, o.lines) }

// String returns the lines, each with a newline behind it.
func (c Catalog) String() string {
	if len(c.lines) == 0 {
		return ""
	}
	return strings.Join(c.lines, "\n") + "\n"
}
