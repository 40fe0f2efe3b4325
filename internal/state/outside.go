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
	foreign := foreignRelations(c.Lines())
	count := map[string]int{}
	for _, line := range managed.Lines() {
		kind, rest, comment := parseLine(line)
		if name, _ := cutName(rest); kind == "sequence" && !sequences[name].Serial {
			if !comment {
				count[kind]++
			}
			continue
		}
		for _, kind := range unsaid(line) {
			count[kind]++
		}
	}
	for _, line := range outside.Lines() {
		kind, rest, comment := parseLine(line)
		name, _ := cutName(rest)
		switch {
		case comment, kind == "column", kind == "constraint", kind == "index", kind == "domain constraint",
			kind == "sequence" && foreign[parent(sequences[name].Owner)]:
			// A part of something that is counted.
		case kind == "table" && strings.Contains(rest, "inherits ("):
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
	lines := c.Lines()
	foreign := foreignRelations(lines)
	sequences := Sequences(c)
	var in, out []string
	for _, line := range lines {
		kind, rest, _ := parseLine(line)
		name, _ := cutName(rest)
		ok := false
		switch kind {
		case "schema":
			ok = !slices.Contains(kept, name)
		case "enum":
			ok = true
		case "table":
			ok = !foreign[name]
		case "column", "constraint", "index":
			ok = !foreign[parent(name)]
		case "sequence":
			// What an identity column's sequence has is a comment alone.
			s := sequences[name]
			ok = s != nil && s.Own() && !foreign[parent(s.Owner)]
		}
		if ok {
			in = append(in, line)
		} else {
			out = append(out, line)
		}
	}
	return of(in), of(out)
}

// foreignRelations returns the relations of a catalog's lines whose columns stand outside
// schema.hcl, by their names.
func foreignRelations(lines []string) map[string]bool {
	foreign := map[string]bool{}
	for _, line := range lines {
		kind, rest, comment := parseLine(line)
		name, def := cutName(rest)
		switch {
		case comment:
		case kind == "view", kind == "materialized view", kind == "foreign table",
			kind == "table" && (strings.Contains(def, "partition of ") || strings.HasPrefix(def, "ordinary, inherits (")):
			foreign[name] = true
		}
	}
	return foreign
}

// SameOutside says whether what stands outside schema.hcl is the same in two catalogs.
// Columns, indexes and constraints do not count: a partition's follow its parent. Sequences
// may be added, have another owner and, where they number it, change with their column.
func SameOutside(before, now catalog.Catalog, kept ...string) bool {
	objects := func(c catalog.Catalog) (objects []string, sequences map[string]string) {
		_, outside := Split(c, kept...)
		sequences = map[string]string{}
		for _, line := range outside.Lines() {
			switch kind, rest, comment := parseLine(line); {
			case kind == "column", kind == "constraint", kind == "index":
			case kind == "sequence" && !comment:
				name, def := cutName(rest)
				def, _ = cutState(def)
				def, _, _ = strings.Cut(def, " owned by ")
				sequences[name] += def
			case kind == "sequence":
				name, comment := cutName(rest)
				sequences[name] += comment + " "
			default:
				objects = append(objects, line)
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
	declared := map[string]bool{}
	for _, line := range desired.Lines() {
		if kind, rest, comment := parseLine(line); kind == "schema" && !comment {
			name, _ := cutName(rest)
			declared[name] = true
		}
	}
	sequences := slices.Collect(maps.Values(Sequences(s.Catalog)))
	var kept []string
	for _, line := range s.Catalog.Lines() {
		kind, rest, comment := parseLine(line)
		name, _ := cutName(rest)
		if kind != "schema" || comment || declared[name] {
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

// of makes a catalog of lines that another had.
func of(lines []string) catalog.Catalog {
	c, err := catalog.Catalog{}.Apply(catalog.Effect{Add: lines})
	if err != nil {
		panic(fmt.Sprintf("state: lines of a catalog are none: %v", err))
	}
	return c
}

// longKinds are the kinds of catalog lines that have more than one word.
var longKinds = []string{
	"materialized view", "foreign table", "foreign data wrapper", "event trigger", "access method", "user mapping",
	"domain constraint", "operator class", "operator family",
	"text search configuration", "text search dictionary", "text search parser", "text search template",
}

// parseLine returns a catalog line's kind and the rest behind it. For a comment's line
// it is the kind of what is commented on.
func parseLine(line string) (kind, rest string, comment bool) {
	line, comment = strings.CutPrefix(line, "comment on ")
	for _, k := range longKinds {
		if rest, ok := strings.CutPrefix(line, k+" "); ok {
			return k, rest, comment
		}
	}
	kind, rest, _ = strings.Cut(line, " ")
	return kind, rest, comment
}

// cutName cuts "name: definition". A name may have colons between double quotes.
func cutName(s string) (name, def string) {
	in := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			in = !in
		case s[i] == ':' && !in:
			return s[:i], strings.TrimPrefix(s[i+1:], " ")
		}
	}
	return s, ""
}

// parent returns the name without its last part.
func parent(name string) string {
	in, dot := false, -1
	for i := 0; i < len(name); i++ {
		switch {
		case name[i] == '"':
			in = !in
		case name[i] == '.' && !in:
			dot = i
		}
	}
	if dot < 0 {
		return ""
	}
	return name[:dot]
}
