package catalog

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// exclude decides what is excluded from a catalog.
type exclude struct {
	globs  [][]glob
	record [2][2]string // schema and name of the two record tables
}

// glob is one part of an exclude pattern.
type glob struct {
	pattern string
	kinds   []string // Atlas's names for kinds of objects; nil means all
}

func (g glob) matches(kind, name string) bool {
	if g.kinds != nil && !slices.Contains(g.kinds, kind) {
		return false
	}
	ok, _ := path.Match(g.pattern, name) // parseExclude has checked the pattern
	return ok
}

var kindSelector = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[type=([a-z|_]+)\]$`) })

// parseExclude parses patterns as Atlas does: parts are separated by dots and may be quoted as in CSV.
func parseExclude(patterns []string) (exclude, error) {
	var ex exclude
	for _, p := range patterns {
		r := csv.NewReader(strings.NewReader(p))
		r.Comma = '.'
		records, err := r.ReadAll()
		switch {
		case err != nil:
			return exclude{}, fmt.Errorf("exclude pattern %q: %w", p, err)
		case len(records) != 1:
			return exclude{}, fmt.Errorf("exclude pattern %q: must be one line", p)
		case len(records[0]) > 3:
			return exclude{}, fmt.Errorf("exclude pattern %q: has more than three parts (schema.table.column); quote a name that contains a dot: public.\"a.b\"", p)
		}
		var globs []glob
		for _, part := range records[0] {
			g := glob{pattern: part}
			if m := kindSelector().FindStringSubmatch(part); m != nil {
				g = glob{pattern: strings.TrimSuffix(part, m[0]), kinds: strings.Split(m[1], "|")}
			}
			if _, err := path.Match(g.pattern, ""); err != nil {
				return exclude{}, fmt.Errorf("exclude pattern %q: %q: %w", p, g.pattern, err)
			}
			globs = append(globs, g)
		}
		ex.globs = append(ex.globs, globs)
	}
	return ex, nil
}

// needsColumns reports whether a pattern can match columns. Excluding a column also excludes the keys on it.
func (ex exclude) needsColumns() bool {
	return slices.ContainsFunc(ex.globs, func(g []glob) bool { return len(g) == 3 })
}

// matches reports whether r itself is excluded, and with it everything that belongs to it. relation is the kind of r's
// relation.
func (ex exclude) matches(r row, relation string) (bool, error) {
	object := r.rel
	if object == "" {
		object = r.child
	}
	part := r.rel != "" && r.child != ""
	if !part && slices.Contains(ex.record[:], [2]string{r.schema, object}) && r.kind == "table" {
		return true, nil
	}
	if len(ex.globs) == 0 {
		return false, nil
	}
	var columns []string
	if r.cols != nil {
		if err := json.Unmarshal(r.cols, &columns); err != nil {
			return false, err
		}
	}
	kind, relation := selector(r.kind, r.def), selector(relation, "")
	for _, g := range ex.globs {
		out := false
		inSchema := r.schema != "" && g[0].matches("schema", r.schema)
		switch {
		case len(g) == 1:
			out = inSchema ||
				r.schema == "" && g[0].matches(kind, object) ||
				r.schema == "public" && r.kind != "schema" && !part && g[0].matches(kind, object)
		case len(g) == 2:
			out = inSchema && r.kind != "schema" && !part && g[1].matches(kind, object)
		case part && inSchema && g[1].matches(relation, r.rel):
			out = g[2].matches(kind, r.child)
			if kind == "index" || kind == "fk" {
				out = out || slices.ContainsFunc(columns, func(c string) bool { return g[2].matches("column", c) })
			}
		}
		if out {
			return true, nil
		}
	}
	return false, nil
}

// selector returns Atlas's name for a kind of objects.
func selector(kind, def string) string {
	switch kind {
	case "foreign table":
		return "table"
	case "materialized view":
		return "materialized"
	case "constraint":
		switch {
		case strings.HasPrefix(def, "FOREIGN KEY"):
			return "fk"
		case strings.HasPrefix(def, "CHECK"):
			return "check"
		}
		return "index" // Atlas treats keys as indexes
	}
	return strings.ReplaceAll(kind, " ", "_")
}
