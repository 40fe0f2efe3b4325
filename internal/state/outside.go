package state

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// Outside lists one kind of unmanaged objects, or of unmanaged properties of objects that the schema file declares. The
// engine can't express them, and plans leave them alone.
type Outside struct {
	Kind  string   // "view", "materialized view", "index with storage parameters", "grant", ...
	Names []string // sorted: "public.v", or for a grant "SELECT on table public.t to reader"
}

// String returns "1 policy (public.t.p)". It lists at most three names: "4 views (public.a, public.b, public.c, ...)".
func (o Outside) String() string {
	const first = 3
	names := strings.Join(o.Names[:min(len(o.Names), first)], ", ")
	if len(o.Names) > first {
		names += ", ..."
	}
	return words.Plural(len(o.Names), o.Kind) + " (" + names + ")"
}

// Outside returns what is unmanaged, sorted by kind. It includes an object's unmanaged properties if stays returns true
// for its line.
func (s *State) Outside(ctx context.Context, stays func(catalog.Line) bool) ([]Outside, error) {
	return outside(ctx, s.db.native, s.Catalog, stays)
}

// OutsideOf is like State.Outside for a live database with the catalog c, and all properties.
func OutsideOf(ctx context.Context, conn *pgx.Conn, c catalog.Catalog) ([]Outside, error) {
	return outside(ctx, conn, c, func(catalog.Line) bool { return true })
}

func outside(ctx context.Context, conn *pgx.Conn, c catalog.Catalog, stays func(catalog.Line) bool) ([]Outside, error) {
	names := unmanaged(c, stays)
	privileges, err := readPrivileges(ctx, conn)
	if err != nil {
		return nil, err
	}
	for _, p := range forDisplay(privileges) {
		def, ok := c.Def(p.kind, p.name)
		managed := p.kind == "table" || p.kind == "enum" || p.kind == "schema"
		if p.kind == "" || ok && (!managed || stays(catalog.Line{Kind: p.kind, Name: p.name, Def: def})) {
			names[p.what] = append(names[p.what], p.String())
		}
	}
	return listed(names), nil
}

// listed sorts names by kind.
func listed(names map[string][]string) []Outside {
	var list []Outside
	for _, kind := range slices.Sorted(maps.Keys(names)) {
		list = append(list, Outside{Kind: kind, Names: slices.Compact(slices.Sorted(slices.Values(names[kind])))})
	}
	return list
}

// Unmanaged returns what is unmanaged in a catalog, sorted by kind, without privileges.
func Unmanaged(c catalog.Catalog) []Outside {
	return listed(unmanaged(c, func(catalog.Line) bool { return true }))
}

// HasUnmanaged reports whether a catalog has unmanaged objects or properties.
func HasUnmanaged(c catalog.Catalog) bool {
	return len(unmanaged(c, func(catalog.Line) bool { return true })) > 0
}

// HasExclusions reports whether a catalog has exclusion constraints.
func HasExclusions(c catalog.Catalog) bool {
	for l := range c.All() {
		if isExclusion(l) {
			return true
		}
	}
	return false
}

func isExclusion(l catalog.Line) bool {
	return l.Kind == "constraint" && !l.Comment && strings.HasPrefix(l.Def, "EXCLUDE ")
}

// unmanaged returns the names of what is unmanaged, by kind.
func unmanaged(c catalog.Catalog, stays func(catalog.Line) bool) map[string][]string {
	managed, outside := Split(c)
	sequences := Sequences(c)
	foreign := foreignRelations(c)
	names := map[string][]string{}
	add := func(kind, name string) { names[kind] = append(names[kind], name) }
	for l := range managed.All() {
		switch {
		case l.Kind == "sequence" && !sequences[l.Name].Serial:
			if !l.Comment {
				add(l.Kind, l.Name)
			}
		case stays(l):
			if def, _ := c.Def("constraint", l.Name); l.Kind == "index" && def != "" && !strings.HasPrefix(def, "UNIQUE ") {
				add("constraint with a comment on its index", l.Name)
			}
			for _, kind := range propertyKinds(l) {
				name := l.Name
				if strings.HasPrefix(kind, "table ") && l.Kind != "table" {
					name = parent(name)
				}
				add(kind, name)
			}
		}
	}
	for l := range outside.All() {
		if l.Comment {
			continue
		}
		switch l.Kind {
		case "constraint":
			if !foreign[parent(l.Name)] {
				add("foreign key", l.Name)
			}
			continue
		case "column", "index", "domain constraint", "publication table", "publication schema":
			continue // part of another object
		case "sequence":
			if foreign[parent(sequences[l.Name].Owner)] {
				continue
			}
		case "table":
			switch origin := l.Origin(); {
			case strings.HasPrefix(origin, "inherits "):
				add("child table", l.Name)
			case strings.HasPrefix(origin, "of "):
				add("typed table", l.Name)
			default:
				add("partition", l.Name)
			}
			continue
		}
		add(l.Kind, l.Name)
	}
	return names
}

// Split divides a catalog into what is managed, that is, compared with the schema file, and what is unmanaged. The
// named schemas are unmanaged. So are partitions, inheriting tables and typed tables with all their parts, because they
// change with their parent or type, and foreign keys to unmanaged tables. A sequence is managed if a managed column
// owns it and uses it for its default.
func Split(c catalog.Catalog, schemas ...string) (managed, outside catalog.Catalog) {
	foreign := foreignRelations(c)
	sequences := Sequences(c)
	keys := map[string]bool{} // foreign keys to unmanaged tables
	for l := range c.All() {
		if l.Kind != "constraint" || l.Comment {
			continue
		}
		if ref := l.Constraint().RefTable; ref != "" {
			_, ok := c.Def("table", ref)
			keys[l.Name] = !ok || foreign[ref]
		}
	}
	isManaged := func(l catalog.Line) bool {
		switch l.Kind {
		case "schema":
			return !slices.Contains(schemas, l.Name)
		case "enum":
			return true
		case "table":
			return !foreign[l.Name]
		case "constraint":
			return !foreign[parent(l.Name)] && !keys[l.Name]
		case "column", "index":
			return !foreign[parent(l.Name)]
		case "sequence":
			// The only line of an identity column's sequence is a comment.
			s := sequences[l.Name]
			return s != nil && s.Own() && !foreign[parent(s.Owner)]
		}
		return false
	}
	return c.Filter(isManaged), c.Filter(func(l catalog.Line) bool { return !isManaged(l) })
}

// foreignRelations returns the relations of a catalog whose columns are unmanaged, by name.
func foreignRelations(c catalog.Catalog) map[string]bool {
	foreign := map[string]bool{}
	for l := range c.All() {
		if l.Comment {
			continue
		}
		switch l.Kind {
		case "view", "materialized view", "foreign table":
			foreign[l.Name] = true
		case "table":
			foreign[l.Name] = l.Def != "ordinary" && l.Origin() != ""
		}
	}
	return foreign
}

// SameOutside reports whether two catalogs have the same unmanaged objects. It ignores unmanaged columns, indexes and
// constraints, because those of a partition change with its parent, and what is dropped with its table. Sequences may
// be added and get another owner, and a column's sequence may change with the column.
func SameOutside(before, now catalog.Catalog, schemas ...string) bool {
	objects := func(c catalog.Catalog) (objects []catalog.Line, sequences map[string]string) {
		_, outside := Split(c, schemas...)
		sequences = map[string]string{}
		for l := range outside.All() {
			switch {
			case l.Kind == "column", l.Kind == "constraint", l.Kind == "index":
			case l.Kind == "sequence" && !l.Comment:
				def, _ := l.CutState()
				def, _, _ = strings.Cut(def, " owned by ")
				sequences[l.Name] += def
			case l.Kind == "sequence":
				sequences[l.Name] += l.Def + " "
			default:
				objects = append(objects, l)
			}
		}
		return objects, sequences
	}
	was, defs := objects(before)
	is, newDefs := objects(now)
	var gone []string // tables
	for l := range before.All() {
		if _, has := now.Def("table", l.Name); l.Kind == "table" && !has {
			gone = append(gone, l.Name)
		}
	}
	was = slices.DeleteFunc(was, func(l catalog.Line) bool {
		return slices.ContainsFunc(gone, func(table string) bool { return attached(before, l, table) })
	})
	if !slices.Equal(was, is) {
		return false
	}
	sequences := Sequences(now)
	for name, s := range Sequences(before) {
		n := sequences[name]
		switch {
		case s.Serial:
		case n == nil && !(s.Own() && slices.ContainsFunc(slices.Collect(maps.Values(sequences)), func(n *Sequence) bool { return n.Own() && n.Owner == s.Owner })):
			return false
		case n != nil && !s.Own() && !n.Own() && defs[name] != newDefs[name]:
			return false
		}
	}
	return true
}

// attached reports whether a line is about a trigger, rule, policy or statistics object of a table.
func attached(c catalog.Catalog, l catalog.Line, table string) bool {
	switch l.Kind {
	case "trigger", "rule", "policy":
		return parent(l.Name) == table
	case "statistics":
		l.Def, _ = c.Def(l.Kind, l.Name) // l may be a comment
		def, _ := l.CutState()
		return strings.HasSuffix(def, " FROM "+table)
	}
	return false
}

// UnmanagedSchemas returns the schemas, as a catalog names them, that desired doesn't have and that contain unmanaged
// objects. Plans don't drop them.
func (s *State) UnmanagedSchemas(ctx context.Context, desired catalog.Catalog) ([]string, error) {
	sequences := slices.Collect(maps.Values(Sequences(s.Catalog)))
	var list []string
	for l := range s.Catalog.All() {
		name := l.Name
		if _, declared := desired.Def("schema", name); l.Kind != "schema" || l.Comment || declared {
			continue
		}
		holds := slices.ContainsFunc(sequences, func(s *Sequence) bool { return parent(s.Name) == name && !s.Serial })
		if holds {
			list = append(list, name)
			continue
		}
		if err := s.db.native.QueryRow(ctx, holdsOutside, name).Scan(&holds); err != nil {
			return nil, fmt.Errorf("looking into schema %s: %w", name, err)
		}
		if holds {
			list = append(list, name)
		}
	}
	return list, nil
}

// holdsOutside reports whether a schema contains anything except tables with their own columns, the tables' parts, and
// enums.
const holdsOutside = `
SELECT EXISTS (
	SELECT FROM pg_depend d
	LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
	LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
	WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = to_regnamespace($1)::oid
	AND NOT coalesce(c.relkind IN ('r', 'p') AND c.reloftype = 0 AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid), false)
	AND NOT coalesce(c.relkind = 'S' AND EXISTS (
		SELECT FROM pg_depend o
		WHERE o.classid = d.classid AND o.objid = d.objid AND o.refclassid = d.classid AND o.deptype IN ('a', 'i')), false)
	AND NOT coalesce(t.typtype = 'e', false))`
