package site

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/site/diagram"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A schema is what the pages are about.
type schema struct {
	cfg       Config
	model     diagram.Model
	tables    []*table // sorted by name
	others    []catalog.Line
	comments  map[string]string // by kind and name
	unmanaged []state.Outside
	history   []change
}

// A table is a table that isn't a partition, with what belongs to it.
type table struct {
	line       catalog.Line
	partitions []catalog.Line
	columns    []catalog.Line
	keys       []key // primary, unique and foreign ones, and exclusion constraints
	checks     []key
	indexes    []index
	parts      []catalog.Line // triggers, rules, policies, statistics
	referring  []reference
	history    []change
}

type key struct {
	line catalog.Line
	catalog.Constraint
}

type index struct {
	line catalog.Line
	catalog.Index
}

// A reference is a foreign key of another table, or of the same.
type reference struct {
	from *table
	key
}

func (t *table) name() string { return diagram.Name(t.line.Name) }

// A change is what a migration does to a table.
type change struct {
	file  *migration.File
	table string // its name after the migration
	text  string
}

func read(cfg Config) (*schema, error) {
	c, err := catalog.At(cfg.Dir, len(cfg.Dir.Files())-1)
	if err != nil {
		return nil, err
	}
	s := &schema{cfg: cfg, model: diagram.Of(c), comments: map[string]string{}, unmanaged: state.Unmanaged(c)}
	tables := map[string]*table{}
	root := map[string]*table{} // by the names of tables and their partitions
	for l := range c.All() {
		switch {
		case l.Comment:
			s.comments[l.Kind+" "+l.Name] = pgsql.StringValue(l.Def)
		case (l.Kind == "table" || l.Kind == "foreign table") && l.PartitionOf() == "":
			t := &table{line: l}
			s.tables, tables[l.Name], root[l.Name] = append(s.tables, t), t, t
		}
	}
	slices.SortFunc(s.tables, func(a, b *table) int { return strings.Compare(a.name(), b.name()) })
	for l := range c.All() {
		if l.Comment {
			continue
		}
		if parent := l.PartitionOf(); parent != "" {
			// A partition may itself be partitioned.
			for tables[parent] == nil {
				def, ok := c.Def("table", parent)
				if parent = (catalog.Line{Kind: "table", Def: def}).PartitionOf(); !ok || parent == "" {
					break
				}
			}
			if t := tables[parent]; t != nil {
				t.partitions, root[l.Name] = append(t.partitions, l), t
			}
			continue
		}
		owner, _ := catalog.CutName(l.Name)
		t := tables[owner]
		switch {
		case l.Kind == "table" || l.Kind == "foreign table":
		case t == nil && slices.Contains([]string{"column", "constraint", "index", "trigger", "rule", "policy", "attribute"}, l.Kind):
			// Of a partition or a view.
		case t == nil:
			s.others = append(s.others, l)
		default:
			t.add(l)
		}
	}
	for _, t := range s.tables {
		for _, k := range t.keys {
			if to := tables[k.RefTable]; to != nil {
				to.referring = append(to.referring, reference{t, k})
			}
		}
	}
	if err := s.readHistory(root); err != nil {
		return nil, err
	}
	return s, nil
}

func (t *table) add(l catalog.Line) {
	switch l.Kind {
	case "column":
		t.columns = append(t.columns, l)
	case "constraint":
		k := key{l, l.Constraint()}
		if k.Kind == "CHECK" {
			t.checks = append(t.checks, k)
		} else {
			t.keys = append(t.keys, k)
		}
	case "index":
		t.indexes = append(t.indexes, index{l, l.Index()})
	default:
		t.parts = append(t.parts, l)
	}
}

// readHistory finds out which migrations changed which of the tables, by the names that these have in the end.
func (s *schema) readHistory(tables map[string]*table) error {
	by := map[string][]change{} // by the names so far
	for _, f := range s.cfg.Dir.Files() {
		e, err := catalog.EffectOf(f)
		if err != nil {
			return err
		}
		renames := catalog.RenamesOf(f.Stmts)
		now := map[string][]change{}
		for name, list := range by {
			if next := renames.Of(name); next != name {
				now[next] = list
			}
		}
		for name, list := range by {
			if _, taken := now[name]; !taken && renames.Of(name) == name {
				now[name] = list
			}
		}
		by = now
		for _, c := range changesOf(f, e, renames) {
			if c.text == dropped {
				delete(by, c.table)
			} else {
				by[c.table] = append(by[c.table], c)
			}
			s.history = append(s.history, c)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(by)) {
		t := tables[name]
		if t == nil {
			continue
		}
		for _, c := range by[name] {
			if t.line.Name != name {
				c.text = "partition " + diagram.Name(name) + ": " + c.text
			}
			t.history = append(t.history, c)
		}
	}
	for _, t := range s.tables {
		slices.SortStableFunc(t.history, func(a, b change) int { return strings.Compare(a.file.Name, b.file.Name) })
	}
	return nil
}

const (
	created = "creates it"
	dropped = "drops it"
)

// changesOf returns what a migration does to tables, sorted by their names.
func changesOf(f *migration.File, e catalog.Effect, renames catalog.Renames) []change {
	signs := map[part]string{}
	partOf := func(l catalog.Line) (part, bool) {
		owner, name := catalog.CutName(l.Name)
		kind := l.Kind
		if l.Comment {
			kind = "comment on " + kind
		}
		switch l.Kind {
		case "table", "foreign table":
			return part{l.Name, kind, ""}, true
		case "column", "constraint", "index", "trigger", "rule", "policy":
			return part{owner, kind, name}, true
		}
		return part{}, false
	}
	added := map[string]bool{}
	for _, l := range e.Added() {
		added[l.String()] = true
		if p, ok := partOf(l); ok {
			signs[p] = "+"
		}
	}
	for _, l := range e.Removed() {
		p, ok := partOf(l)
		if !ok {
			continue
		}
		next := l
		next.Name = renames.Of(l.Name)
		after, _ := partOf(next)
		switch {
		case next.Name != l.Name && added[next.String()] && after.name == p.name && p.name != "":
			delete(signs, after) // its table is renamed
		case next.Name != l.Name && added[next.String()]:
			delete(signs, after)
			if after.name == "" {
				after.name = diagram.Name(next.Name)
			}
			after.name = diagram.Name(cmp.Or(p.name, l.Name)) + " -> " + after.name
			signs[after] = "renames"
		case signs[p] != "":
			signs[p] = "changes"
		default:
			signs[p] = "-"
		}
	}
	texts := map[string][]part{}
	for p := range signs {
		texts[p.table] = append(texts[p.table], p)
	}
	var list []change
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		list = append(list, change{f, name, describe(texts[name], signs)})
	}
	return list
}

// A part is a table, without a name, or a part of it.
type part struct{ table, kind, name string }

// describe says in a line what happens to the parts of a table: what the sign of each is.
func describe(parts []part, signs map[part]string) string {
	groups := map[string][]string{}
	for _, p := range parts {
		switch group := signs[p] + " " + p.kind; {
		case group == "+ table", group == "+ foreign table":
			return created
		case group == "- table", group == "- foreign table":
			return dropped
		default:
			groups[group] = append(groups[group], diagram.Name(p.name))
		}
	}
	var list []string
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		slices.Sort(groups[group])
		list = append(list, strings.TrimSpace(group+" "+strings.Join(groups[group], ", ")))
	}
	return strings.Join(list, "; ")
}

// base returns the name of a table's files without the extension. Different tables have different names on every file
// system, which may ignore case and reserve names.
func base(name string) string {
	schema, table := catalog.CutName(name)
	parts := []string{pgsql.Unquote(table)}
	if s := pgsql.Unquote(schema); s != "public" && s != "" {
		parts = []string{s, parts[0]}
	}
	simple := true
	for _, p := range parts {
		simple = simple && !notSimple().MatchString(p)
	}
	joined := strings.Join(parts, ".")
	if simple && !reserved().MatchString(joined) {
		return joined
	}
	const most, digits = 40, 8
	sum := sha256.Sum256([]byte(name))
	slug := strings.Trim(notSimple().ReplaceAllString(strings.ToLower(joined), "-"), "-")
	return slug[:min(len(slug), most)] + "-" + hex.EncodeToString(sum[:])[:digits]
}

var (
	notSimple = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^a-z0-9_]+|^$`) })
	// The names of the index and its diagram, and those of devices on Windows.
	reserved = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(readme|schema|con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)
	})
)
