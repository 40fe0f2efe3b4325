package online

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A whole is a table or an enum, with its parts.
type whole struct {
	kind, schema, name string
	partitioned        bool
	parts              []part
}

// A part is a column or an enum value. Two parts with equal like may be the same under another name.
type part struct{ name, typ, like string }

// mayRename reports whether each catalog lacks something that the other has.
func mayRename(have, want catalog.Catalog) bool {
	return lacks(want, have) && lacks(have, want)
}

// lacks reports whether c lacks something of the other catalog that may have been renamed: a table, a column or an
// enum. If an enum's values differ, one of them may have been renamed.
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

func (r *renaming) read(ctx context.Context, replayed, desired *state.State) (have, want []whole, err error) {
	if have, err = readWholes(ctx, replayed); err != nil {
		return nil, nil, err
	}
	want, err = readWholes(ctx, desired)
	return have, want, err
}

// readWholes returns the tables of a state, sorted by name, and its enums.
func readWholes(ctx context.Context, s *state.State) (list []whole, err error) {
	f, err := readFacts(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(f.tables)) {
		t := f.tables[name]
		w := whole{kind: "table", schema: t.Schema, name: t.Name, partitioned: t.Partitioned}
		for _, c := range t.columns {
			w.parts = append(w.parts, part{c.Name, c.typed(), c.typed() + " " + text(c.Generated)})
		}
		list = append(list, w)
	}
	enums, err := readEnums(ctx, s.Conn())
	return append(list, enums...), err
}

// readEnums returns the enums of a database that belong to no extension.
func readEnums(ctx context.Context, conn *pgx.Conn) ([]whole, error) {
	rows, err := conn.Query(ctx, `
		SELECT n.nspname, t.typname, (SELECT pg_catalog.array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)
		FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
		WHERE t.typtype = 'e' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
			WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e')
		ORDER BY n.nspname, t.typname`)
	if err != nil {
		return nil, fmt.Errorf("reading enums: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (whole, error) {
		e := whole{kind: "enum"}
		var values []string
		err := row.Scan(&e.schema, &e.name, &values)
		for i, v := range values {
			e.parts = append(e.parts, part{name: v, like: fmt.Sprintf("%d of %d", i, len(values))})
		}
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading enums: %w", err)
	}
	return list, nil
}

// A possibleRename is a rename that -rename may mention. The user must decide about a likely one.
type possibleRename struct {
	Rename
	likely bool
	// stays means that the schema file still has the old name: another rename must take it. taken means that the
	// migrations already have the new name: another rename must give it up.
	stays, taken bool
	between      string // an unused name, to break a cycle of renames
}

func (p possibleRename) passes() bool { return p.stays || p.taken }

func (p possibleRename) sibling(o possibleRename) bool {
	return p.Kind == o.Kind && p.Schema == o.Schema && p.Of == o.Of
}

// in returns the element of the list with w's kind and name.
func (w whole) in(list []whole) (whole, bool) {
	i := slices.IndexFunc(list, func(o whole) bool { return o.kind == w.kind && o.schema == w.schema && o.name == w.name })
	if i < 0 {
		return whole{}, false
	}
	return list[i], true
}

func (w whole) has(name string) bool {
	return slices.ContainsFunc(w.parts, func(p part) bool { return p.name == name })
}

// similar reports whether w and o have at least half of their parts in common, by name.
func (w whole) similar(o whole) bool {
	common := 0
	for _, p := range w.parts {
		if o.has(p.name) {
			common++
		}
	}
	return common > 0 && 2*common >= max(len(w.parts), len(o.parts))
}

// wholeRenames pairs each missing table or enum with each new one.
func wholeRenames(have, want []whole) []possibleRename {
	var out []possibleRename
	for _, h := range have {
		if _, ok := h.in(want); ok {
			continue
		}
		for _, w := range want {
			if _, ok := w.in(have); ok || w.kind != h.kind || w.partitioned != h.partitioned || w.schema != h.schema && w.name != h.name {
				continue
			}
			out = append(out, possibleRename{
				Rename: Rename{Kind: h.kind, Schema: h.schema, Old: h.name, New: w.name, NewSchema: w.schema},
				likely: h.similar(w),
			})
		}
	}
	return out
}

// partRenames pairs each missing column with each new one of the same table, and each missing value with each new one
// of the same enum. Renames that reuse a name are included only if an argument mentions them.
func (r *renaming) partRenames(have, want []whole) []possibleRename {
	before := func(w whole) string {
		for _, d := range r.done {
			if d.Kind == w.kind && d.NewSchema == w.schema && d.New == w.name {
				return d.Old
			}
		}
		return ""
	}
	var out []possibleRename
	for _, h := range have {
		w, ok := h.in(want)
		if !ok {
			continue
		}
		kind := map[string]string{"table": "column", "enum": "enum value"}[h.kind]
		for _, a := range h.parts {
			for _, b := range w.parts {
				p := possibleRename{
					Rename: Rename{Kind: kind, Schema: h.schema, Of: h.name, Old: a.name, New: b.name, NewSchema: h.schema, Type: a.typ, oldOf: before(h)},
					likely: a.like == b.like,
					stays:  w.has(a.name), taken: h.has(b.name),
				}
				if p.passes() && (p.Old == p.New || !slices.ContainsFunc(r.args, func(a *renameArg) bool { return a.says(p.Rename) })) {
					continue
				}
				for suffix := "_renamed"; p.between == "" || h.has(p.between) || w.has(p.between); suffix += "_" {
					p.between = pgsql.Fit(p.Old, suffix)
				}
				out = append(out, p)
			}
		}
	}
	return out
}
