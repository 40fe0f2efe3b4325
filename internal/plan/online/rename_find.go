package online

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// Named are the parts of a state that can be renamed.
type named struct {
	tables []*table // sorted by name
	enums  []*enumType
}

type enumType struct {
	Schema, Name string
	Values       []string
}

// mayRename says whether something is gone and something is new, by two catalogs.
func mayRename(have, want catalog.Catalog) bool {
	return lacks(want, have) && lacks(have, want)
}

// lacks says whether c lacks something of another catalog that may be renamed. An enum with
// other values may have renamed one.
func lacks(c, other catalog.Catalog) bool {
	for l := range other.All() {
		if l.Comment {
			continue
		}
		switch l.Kind {
		case "table", "column", "enum":
			if def, ok := c.Def(l.Kind, l.Name); !ok || l.Kind == "enum" && def != l.Def {
				return true
			}
		}
	}
	return false
}

func (r *renaming) read(ctx context.Context, replayed, desired *state.State) (have, want *named, err error) {
	if have, err = readNamed(ctx, replayed); err != nil {
		return nil, nil, err
	}
	want, err = readNamed(ctx, desired)
	return have, want, err
}

func readNamed(ctx context.Context, s *state.State) (*named, error) {
	f, err := readFacts(ctx, s)
	if err != nil {
		return nil, err
	}
	n := &named{}
	for _, t := range f.tables {
		n.tables = append(n.tables, t)
	}
	slices.SortFunc(n.tables, func(a, b *table) int { return strings.Compare(a.String(), b.String()) })
	n.enums, err = readEnums(ctx, s.Conn())
	return n, err
}

// readEnums reads the enums of a database that belong to no extension.
func readEnums(ctx context.Context, conn *pgx.Conn) ([]*enumType, error) {
	rows, err := conn.Query(ctx, `
		SELECT n.nspname, t.typname, (SELECT pg_catalog.array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)
		FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
		WHERE t.typtype = 'e' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
			WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e')
		ORDER BY n.nspname, t.typname`)
	if err != nil {
		return nil, fmt.Errorf("reading enums: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*enumType, error) {
		e := &enumType{}
		return e, row.Scan(&e.Schema, &e.Name, &e.Values)
	})
	if err != nil {
		return nil, fmt.Errorf("reading enums: %w", err)
	}
	return list, nil
}

// A possibleRename is one that -rename may say; a likely one is asked for.
type possibleRename struct {
	Rename
	likely bool
	// stays says that the schema file has the old name too, taken that the migrations have
	// the new one: another rename must then give or take it.
	stays, taken bool
	between      string // a name that nobody has, for where names are passed on in a circle
}

func (p possibleRename) passes() bool { return p.stays || p.taken }

func (p possibleRename) sibling(o possibleRename) bool {
	return p.Kind == o.Kind && p.Schema == o.Schema && p.Of == o.Of
}

// wholeRenames are the tables and enums that are gone, each with those that are new.
func wholeRenames(have, want *named) []possibleRename {
	var out []possibleRename
	for _, h := range have.tables {
		if find(want.tables, func(t *table) bool { return t.String() == h.String() }) != nil {
			continue
		}
		for _, w := range want.tables {
			if find(have.tables, func(t *table) bool { return t.String() == w.String() }) != nil || h.Partitioned != w.Partitioned {
				continue
			}
			if h.Schema != w.Schema && h.Name != w.Name {
				continue
			}
			out = append(out, possibleRename{
				Rename: Rename{Kind: "table", Schema: h.Schema, Old: h.Name, New: w.Name, NewSchema: w.Schema},
				likely: similar(h, w),
			})
		}
	}
	for _, h := range have.enums {
		if find(want.enums, func(e *enumType) bool { return e.Schema == h.Schema && e.Name == h.Name }) != nil {
			continue
		}
		for _, w := range want.enums {
			if find(have.enums, func(e *enumType) bool { return e.Schema == w.Schema && e.Name == w.Name }) != nil {
				continue
			}
			if h.Schema != w.Schema && h.Name != w.Name {
				continue
			}
			out = append(out, possibleRename{
				Rename: Rename{Kind: "enum", Schema: h.Schema, Old: h.Name, New: w.Name, NewSchema: w.Schema},
				likely: alike(h, w),
			})
		}
	}
	return out
}

// similar says whether two tables have at least half of their columns in common, by name.
func similar(a, b *table) bool {
	common := 0
	for _, c := range a.columns {
		if b.column(c.Name) != nil {
			common++
		}
	}
	return common > 0 && 2*common >= max(len(a.columns), len(b.columns))
}

// alike says whether two enums have at least half of their values in common.
func alike(a, b *enumType) bool {
	common := 0
	for _, v := range a.Values {
		if slices.Contains(b.Values, v) {
			common++
		}
	}
	return common > 0 && 2*common >= max(len(a.Values), len(b.Values))
}

// partRenames are the columns and values that are gone from the tables and enums of both
// states, each with those that are new there; and those that could pass on their name, which
// only the arguments say.
func (r *renaming) partRenames(have, want *named) []possibleRename {
	before := func(kind, schema, name string) string {
		for _, d := range r.done {
			if d.Kind == kind && d.NewSchema == schema && d.New == name {
				return d.Old
			}
		}
		return ""
	}
	var out []possibleRename
	add := func(p possibleRename, taken func(string) bool) {
		if !p.passes() || p.Old != p.New && slices.ContainsFunc(r.args, func(a *renameArg) bool { return a.says(p.Rename) }) {
			for suffix := "_renamed"; p.between == "" || taken(p.between); suffix += "_" {
				p.between = pgsql.Fit(p.Old, suffix)
			}
			out = append(out, p)
		}
	}
	for _, h := range have.tables {
		w := find(want.tables, func(t *table) bool { return t.String() == h.String() })
		if w == nil {
			continue
		}
		for _, a := range h.columns {
			for _, b := range w.columns {
				add(possibleRename{
					Rename: Rename{Kind: "column", Schema: h.Schema, Of: h.Name, Old: a.Name, New: b.Name, NewSchema: h.Schema,
						Type: a.typed(), oldOf: before("table", h.Schema, h.Name)},
					likely: a.typed() == b.typed() && text(a.Generated) == text(b.Generated),
					stays:  w.column(a.Name) != nil, taken: h.column(b.Name) != nil,
				}, func(name string) bool { return h.column(name) != nil || w.column(name) != nil })
			}
		}
	}
	for _, h := range have.enums {
		w := find(want.enums, func(e *enumType) bool { return e.Schema == h.Schema && e.Name == h.Name })
		if w == nil {
			continue
		}
		for i, a := range h.Values {
			for j, b := range w.Values {
				add(possibleRename{
					Rename: Rename{Kind: "enum value", Schema: h.Schema, Of: h.Name, Old: a, New: b, NewSchema: h.Schema, oldOf: before("enum", h.Schema, h.Name)},
					likely: i == j && len(h.Values) == len(w.Values),
					stays:  slices.Contains(w.Values, a), taken: slices.Contains(h.Values, b),
				}, func(name string) bool { return slices.Contains(h.Values, name) || slices.Contains(w.Values, name) })
			}
		}
	}
	return out
}
