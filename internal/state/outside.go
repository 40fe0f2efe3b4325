package state

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

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
	count := map[string]int{}
	for _, line := range managed.Lines() {
		for _, kind := range unsaid(line) {
			count[kind]++
		}
	}
	for _, line := range outside.Lines() {
		switch kind, rest, comment := parseLine(line); {
		case comment, kind == "column", kind == "constraint", kind == "index", kind == "domain constraint":
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

// Split divides a catalog into what schema.hcl manages and what stands outside it. The
// schemas named in kept stand outside. So do partitions and tables that inherit, with all
// their parts: what they take over from their parent changes with it.
func Split(c catalog.Catalog, kept ...string) (managed, outside catalog.Catalog) {
	lines := c.Lines()
	foreign := map[string]bool{} // relations outside, by qualified name
	owned := map[string]bool{}   // serial columns' sequences
	for _, line := range lines {
		kind, rest, comment := parseLine(line)
		name, def := cutName(rest)
		switch {
		case comment:
		case kind == "column":
			// Any other column's sequence is one that HCL cannot make.
			if m := serialDefault().FindStringSubmatch(def); m != nil {
				owned[m[1]] = true
			}
		case kind == "view", kind == "materialized view", kind == "foreign table",
			kind == "table" && (strings.Contains(def, "partition of ") || strings.HasPrefix(def, "ordinary, inherits (")):
			foreign[name] = true
		}
	}
	var in, out []string
	for _, line := range lines {
		kind, rest, comment := parseLine(line)
		name, def := cutName(rest)
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
			ok = owned[name] && (comment || strings.Contains(def, "owned by "))
		}
		if ok {
			in = append(in, line)
		} else {
			out = append(out, line)
		}
	}
	return of(in), of(out)
}

// serialDefault matches the definition of a column whose type may be called serial.
var serialDefault = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:smallint|integer|bigint) not null default nextval\('(.*)'::regclass\)(?: \[|$)`)
})

// SameOutside says whether two second halves of Split have the same objects, unchanged.
// Columns, indexes, constraints and columns' sequences do not count: a partition's follow
// its parent, and a column may have a sequence that schema.hcl cannot say for a while.
func SameOutside(a, b catalog.Catalog) bool {
	objects := func(c catalog.Catalog) []string {
		return slices.DeleteFunc(c.Lines(), func(line string) bool {
			kind, rest, _ := parseLine(line)
			return kind == "column" || kind == "constraint" || kind == "index" || kind == "sequence" && strings.Contains(rest, " owned by ")
		})
	}
	return slices.Equal(objects(a), objects(b))
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
	var kept []string
	for _, line := range s.Catalog.Lines() {
		kind, rest, comment := parseLine(line)
		name, _ := cutName(rest)
		if kind != "schema" || comment || declared[name] {
			continue
		}
		var holds bool
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
