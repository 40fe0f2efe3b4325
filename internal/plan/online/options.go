package online

import (
	"maps"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// Options say how changes are made. By default, a change of a type that would block a table for long is made by expand
// and contract.
type Options struct {
	// InPlace are the columns whose types change with a plain ALTER TABLE, and with them the other columns of their
	// tables; AllInPlace means all columns.
	InPlace    []ColumnName
	AllInPlace bool
	// Oldest is the lowest major version of PostgreSQL that runs the statements, 0 if unknown.
	Oldest int
	// Zone is the time zone of values that lose or gain one, such as "UTC". Without it, such changes are refused, or
	// made in place as if it were UTC.
	Zone string
}

// A ColumnName is the name of a column: its parts, with a schema or without.
type ColumnName []string

func (n ColumnName) String() string {
	var parts []string
	for _, p := range n {
		parts = append(parts, ident(p))
	}
	return strings.Join(parts, ".")
}

// ParseColumns parses names of columns: "results.id,public.runs.id", in double quotes where they need it. The error is
// a *usage.Error.
func ParseColumns(flag string) (list []ColumnName, err error) {
	rest := flag
	for {
		var parts []string
		if parts, rest, err = parseName(rest); err != nil {
			return nil, usage.Errorf("-inplace=%s: %v", flag, err)
		}
		if len(parts) < 2 || len(parts) > 3 {
			return nil, usage.Errorf("-inplace=%s: write table.column or schema.table.column", flag)
		}
		list = append(list, parts)
		switch {
		case rest == "":
			return list, nil
		case rest[0] != ',':
			return nil, usage.Errorf("-inplace=%s: expected a comma or the end before %q", flag, rest)
		}
		rest = rest[1:]
	}
}

// is reports whether a name is that of a column of t.
func (n ColumnName) is(t *table, column string) bool {
	full := []string{t.Schema, t.Name, column}
	return slices.Equal(n, full) || slices.Equal(n, full[1:])
}

// stays reports whether the type of a column changes in place.
func (o Options) stays(t *table, column string) bool {
	return o.AllInPlace || slices.ContainsFunc(o.InPlace, func(n ColumnName) bool { return n.is(t, column) })
}

// checkNames returns a *usage.Error if the options name a column whose type doesn't change.
func (d *differ) checkNames(enums []rebuiltEnum) error {
	for _, n := range d.types.InPlace {
		if !slices.ContainsFunc(slices.Collect(maps.Values(d.have.tables)), func(t *table) bool {
			want := d.want.tables[t.String()]
			return want != nil && slices.ContainsFunc(t.columns, func(a *column) bool {
				b := want.column(a.Name)
				rebuilt := func(e rebuiltEnum) bool { return e.typed(t, []string{a.Name}) }
				return b != nil && (a.typed() != b.typed() || slices.ContainsFunc(enums, rebuilt)) && n.is(t, a.Name)
			})
		}) {
			return usage.Errorf("-inplace=%s: this plan changes the type of no column of that name", n)
		}
	}
	return nil
}
