package state

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
)

// Outside counts what stands outside schema.hcl of one kind, because the engine cannot
// express it: objects, and what objects have that the file declares. Plans leave it alone.
type Outside struct {
	Kind  string // "view", "materialized view", "index with storage parameters", ...
	Count int
}

// String is "2 views", "1 policy", "3 indexes with storage parameters".
func (o Outside) String() string {
	kind, with := o.Kind, ""
	if i := strings.Index(kind, " with "); i >= 0 {
		kind, with = kind[:i], kind[i:]
	}
	if o.Count != 1 {
		switch {
		case strings.HasSuffix(kind, "y"):
			kind = strings.TrimSuffix(kind, "y") + "ies"
		case strings.HasSuffix(kind, "s"), strings.HasSuffix(kind, "x"):
			if kind != "statistics" {
				kind += "es"
			}
		default:
			kind += "s"
		}
	}
	return fmt.Sprintf("%d %s", o.Count, kind+with)
}

// Unmanaged counts what stands outside schema.hcl, by kind in alphabetical order.
func Unmanaged(c catalog.Catalog) []Outside {
	managed, outside := Split(c)
	sequences := Sequences(c)
	foreign := foreignRelations(c)
	count := map[string]int{}
	for l := range managed.All() {
		if l.Kind == "sequence" && !sequences[l.Name].Serial {
			if !l.Comment {
				count[l.Kind]++
			}
			continue
		}
		for _, kind := range unsaid(l) {
			count[kind]++
		}
	}
	for l := range outside.All() {
		kind := l.Kind
		if strings.HasPrefix(kind, "publication ") {
			kind = "publication"
		}
		switch {
		case l.Comment, kind == "column", kind == "constraint", kind == "index", kind == "domain constraint",
			kind == "sequence" && foreign[parent(sequences[l.Name].Owner)]:
			// A part of something that is counted.
		case kind == "table" && strings.Contains(l.Def, "inherits ("):
			count["child table"]++
		case kind == "table":
			count["partition"]++
		default:
			count[kind]++
		}
	}
	var list []Outside
	for kind, n := range count {
		list = append(list, Outside{Kind: kind, Count: n})
	}
	slices.SortFunc(list, func(a, b Outside) int { return strings.Compare(a.Kind, b.Kind) })
	return list
}

// Split divides a catalog into what is compared with the schema file and what stands
// outside it. The schemas named in kept stand outside. So do partitions and tables that
// inherit, with all their parts: what they take over from their parent changes with it. A
// sequence is compared with its column, which owns it and draws its default from it.
func Split(c catalog.Catalog, kept ...string) (managed, outside catalog.Catalog) {
	foreign := foreignRelations(c)
	sequences := Sequences(c)
	isManaged := func(l catalog.Line) bool {
		switch l.Kind {
		case "schema":
			return !slices.Contains(kept, l.Name)
		case "enum":
			return true
		case "table":
			return !foreign[l.Name]
		case "column", "constraint", "index":
			return !foreign[parent(l.Name)]
		case "sequence":
			// What an identity column's sequence has is a comment alone.
			s := sequences[l.Name]
			return s != nil && s.Own() && !foreign[parent(s.Owner)]
		}
		return false
	}
	return c.Filter(isManaged), c.Filter(func(l catalog.Line) bool { return !isManaged(l) })
}

// foreignRelations returns the relations of a catalog whose columns stand outside schema.hcl,
// by their names.
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
			foreign[l.Name] = strings.Contains(l.Def, "partition of ") || strings.HasPrefix(l.Def, "ordinary, inherits (")
		}
	}
	return foreign
}

// SameOutside says whether what stands outside schema.hcl is the same in two catalogs.
// Columns, indexes and constraints do not count: a partition's follow its parent. Sequences
// may be added, have another owner and, where they number it, change with their column.
func SameOutside(before, now catalog.Catalog, kept ...string) bool {
	objects := func(c catalog.Catalog) (objects []catalog.Line, sequences map[string]string) {
		_, outside := Split(c, kept...)
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

// KeptSchemas returns the schemas, as a catalog names them, that desired does not have and
// that hold something outside schema.hcl: they are there for that, and plans leave them.
func (s *State) KeptSchemas(ctx context.Context, desired catalog.Catalog) ([]string, error) {
	sequences := slices.Collect(maps.Values(Sequences(s.Catalog)))
	var kept []string
	for l := range s.Catalog.All() {
		name := l.Name
		if _, declared := desired.Def("schema", name); l.Kind != "schema" || l.Comment || declared {
			continue
		}
		holds := slices.ContainsFunc(sequences, func(s *Sequence) bool { return parent(s.Name) == name && !s.Serial })
		if holds {
			kept = append(kept, name)
			continue
		}
		if err := s.db.native.QueryRow(ctx, holdsOutside, name).Scan(&holds); err != nil {
			return nil, fmt.Errorf("looking into schema %s: %w", name, err)
		}
		if holds {
			kept = append(kept, name)
		}
	}
	return kept, nil
}

// holdsOutside says whether anything but tables, their parts and enums is in a schema.
const holdsOutside = `
SELECT EXISTS (
	SELECT FROM pg_depend d
	LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
	LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
	WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = to_regnamespace($1)::oid
	AND NOT coalesce(c.relkind IN ('r', 'p'), false)
	AND NOT coalesce(c.relkind = 'S' AND EXISTS (
		SELECT FROM pg_depend o
		WHERE o.classid = d.classid AND o.objid = d.objid AND o.refclassid = d.classid AND o.deptype IN ('a', 'i')), false)
	AND NOT coalesce(t.typtype = 'e', false))`
