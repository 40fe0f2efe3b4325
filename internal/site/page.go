package site

import (
	"cmp"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/markdown"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/site/diagram"
)

const (
	indexName   = "README.md"
	drawingName = "schema.svg"
)

// build returns the site of the last migration's schema.
func build(cfg Config) (*site, error) {
	s, err := read(cfg)
	if err != nil {
		return nil, err
	}
	out := &site{pages: map[string]string{}, drawings: map[string]drawing{}}
	if len(s.model.Tables) > 0 {
		out.drawings[drawingName] = drawing{"The tables and their foreign keys", s.model.Overview()}
	}
	out.pages[indexName] = s.index()
	large := len(s.model.Tables) > diagram.MaxColumns
	for _, t := range s.tables {
		name := base(t.line.Name)
		around, omitted := s.model.Around(t.name())
		drawn := large && !around.Empty()
		out.pages[name+".md"] = s.page(t, around, omitted, drawn)
		if drawn {
			out.drawings[name+".svg"] = drawing{t.name() + " and the tables that it has foreign keys with", around}
		}
	}
	return out, nil
}

// A document is Markdown before it is written.
type document struct{ b strings.Builder }

func (d *document) printf(format string, args ...any) { fmt.Fprintf(&d.b, format, args...) }

// table writes a table, if it has rows.
func (d *document) table(heading string, columns []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	if heading != "" {
		d.printf("## %s\n\n", heading)
	}
	d.printf("| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
	for _, r := range rows {
		d.printf("| %s |\n", strings.Join(r, " | "))
	}
	d.printf("\n")
}

// code is SQL, or a name, on a line.
func code(text string) string {
	if text == "" {
		return ""
	}
	return markdown.Cell(catalog.Escape(pgsql.Mask(text)))
}

// prose is a comment, on a line.
func prose(text string) string { return markdown.Prose(catalog.Escape(pgsql.Redact(text))) }

func codes(list []string) string {
	out := make([]string, len(list))
	for i, text := range list {
		out[i] = code(text)
	}
	return strings.Join(out, ", ")
}

func link(text, to string) string { return "[" + text + "](" + to + ")" }

func (t *table) link() string { return link(code(t.name()), base(t.line.Name)+".md") }

// migration returns a link to a migration's file.
func (s *schema) migration(name string) string {
	to, err := filepath.Rel(filepath.FromSlash(s.cfg.Out), filepath.FromSlash(s.cfg.Migrations))
	if err != nil {
		return code(name)
	}
	return link(code(strings.TrimSuffix(name, ".sql")), path.Join(filepath.ToSlash(to), name))
}

// mermaid writes a diagram as Mermaid, if it isn't too large.
func (d *document) mermaid(m diagram.Model) {
	if text, ok := m.Mermaid(); ok {
		d.printf("```mermaid\n%s```\n\n", text)
	} else {
		d.printf("The diagram is too large for Mermaid.\n\n")
	}
}

func (s *schema) index() string {
	d := &document{}
	d.printf("%s\n# Schema\n\n", mark)
	files := s.cfg.Dir.Files()
	if len(files) == 0 {
		d.printf("There are no migrations.\n")
		return d.b.String()
	}
	last := files[len(files)-1]
	d.printf("What the migrations up to %s produce. `docs` writes these pages, and `check` finds out whether they are up to date.\n\n", s.migration(last.Name))
	if len(s.model.Tables) > 0 {
		d.printf("![The tables and their foreign keys](%s)\n\n", drawingName)
		if len(s.model.Tables) > diagram.MaxColumns {
			d.printf("A line leads from a table to one that it refers to, where a bar means exactly one row and a circle none or one. The page of each table has the columns.\n\n")
		} else {
			d.printf("PK is the primary key, and FK a foreign key. A type with a question mark may be null. A line leads to the row referred to, where a bar means exactly one and a circle none or one.\n\n")
		}
	}
	var rows [][]string
	for _, t := range s.tables {
		var to []string
		for _, k := range t.keys {
			if k.RefTable != "" {
				to = append(to, s.reference(k.RefTable))
			}
		}
		slices.Sort(to)
		rows = append(rows, []string{t.link(), fmt.Sprint(len(t.columns)), strings.Join(slices.Compact(to), ", "), prose(s.comment(t.line))})
	}
	d.table("Tables", []string{"Table", "Columns", "Refers to", "Comment"}, rows)
	rows = nil
	for _, l := range s.others {
		def, _ := l.CutState()
		switch l.Kind {
		case "enum", "domain", "composite", "range", "sequence", "extension", "collation":
		default: // queries and code are in the migrations
			def = ""
		}
		rows = append(rows, []string{l.Kind, code(diagram.Name(l.Name)), code(def), prose(s.comment(l))})
	}
	d.table("Other objects", []string{"Kind", "Name", "Definition", "Comment"}, rows)
	rows = nil
	for _, o := range s.unmanaged {
		names := slices.Clone(o.Names)
		for i := range names {
			names[i] = diagram.Name(names[i])
		}
		rows = append(rows, []string{o.Kind, codes(names)})
	}
	d.table("Not in "+prose(s.cfg.SchemaFile), []string{"Kind", "Names"}, rows)
	if len(s.model.Tables) > 0 {
		d.printf("## Diagram as text\n\n<details><summary>Mermaid</summary>\n\n")
		d.mermaid(s.model.Overview())
		d.printf("</details>\n\n")
	}
	touched := map[*migration.File][]string{}
	for _, c := range s.history {
		touched[c.file] = append(touched[c.file], code(diagram.Name(c.table)))
	}
	rows = nil
	for _, f := range slices.Backward(files) {
		rows = append(rows, []string{s.migration(f.Name), code(f.Revision), strings.Join(touched[f], ", ")})
	}
	d.table("Migrations", []string{"Migration", "Revision", "Tables"}, rows)
	return strings.TrimSuffix(d.b.String(), "\n")
}

func (s *schema) comment(l catalog.Line) string { return s.comments[l.Kind+" "+l.Name] }

// reference returns a link to a table's page, or its name if it has none.
func (s *schema) reference(name string) string {
	for _, t := range s.tables {
		if t.line.Name == name {
			return t.link()
		}
	}
	return code(diagram.Name(name))
}

// page returns a table's page. around is the diagram of what is around it.
func (s *schema) page(t *table, around diagram.Model, omitted int, drawn bool) string {
	d := &document{}
	d.printf("%s\n# %s\n\n%s\n\n", mark, code(t.name()), link("All tables", indexName))
	if c := s.comment(t.line); c != "" {
		d.printf("Comment: %s\n\n", prose(c))
	}
	def, state := t.line.CutState()
	if def != "ordinary" {
		d.printf("It is %s.\n\n", code(def))
	}
	if state != "" {
		d.printf("Settings: %s.\n\n", code(state))
	}
	s.columns(d, t)
	d.table("Indexes", []string{"Index", "On", "Serves", "Comment"}, s.indexes(t))
	s.foreignKeys(d, t)
	var rows [][]string
	for _, k := range t.checks {
		rows = append(rows, []string{code(own(k.line)), code(k.Rest), prose(s.comment(k.line))})
	}
	d.table("Checks", []string{"Check", "Condition", "Comment"}, rows)
	rows = nil
	for _, p := range t.partitions {
		_, bound, _ := strings.Cut(p.Origin(), " FOR VALUES ")
		rows = append(rows, []string{code(diagram.Name(p.Name)), code(cmp.Or(bound, "DEFAULT"))})
	}
	d.table("Partitions", []string{"Partition", "Values"}, rows)
	rows = nil
	for _, l := range t.parts {
		rows = append(rows, []string{l.Kind, code(own(l)), code(l.Def), prose(s.comment(l))})
	}
	d.table("Triggers, rules and policies", []string{"Kind", "Name", "Definition", "Comment"}, rows)
	rows = nil
	for _, o := range s.unmanaged {
		var names []string
		for _, name := range o.Names {
			if name == t.line.Name || strings.HasPrefix(name, t.line.Name+".") {
				names = append(names, diagram.Name(name))
			}
		}
		if len(names) > 0 {
			rows = append(rows, []string{o.Kind, codes(names)})
		}
	}
	d.table("Not in "+prose(s.cfg.SchemaFile), []string{"Kind", "Names"}, rows)
	if !around.Empty() {
		d.printf("## Diagram\n\n")
		if omitted > 0 {
			d.printf("%d more tables refer to it.\n\n", omitted)
		}
		if drawn {
			d.printf("![The table and those that it has foreign keys with](%s.svg)\n\n<details><summary>Mermaid</summary>\n\n", base(t.line.Name))
		}
		d.mermaid(around)
		if drawn {
			d.printf("</details>\n\n")
		}
	}
	rows = nil
	for _, c := range slices.Backward(t.history) {
		text := c.text
		if text != created {
			text = code(text)
		}
		rows = append(rows, []string{s.migration(c.file.Name), text})
	}
	d.table("Migrations", []string{"Migration", "What it changes"}, rows)
	return strings.TrimSuffix(d.b.String(), "\n")
}

// own returns the name of a part of a table.
func own(l catalog.Line) string {
	_, name := catalog.CutName(l.Name)
	return catalog.Escape(name)
}

func (s *schema) columns(d *document, t *table) {
	var primary []string
	for _, k := range t.keys {
		if k.Kind == "PRIMARY KEY" {
			primary = k.Columns
		}
	}
	position := func(l catalog.Line) int {
		if i := slices.Index(primary, pgsql.Unquote(own(l))); i >= 0 {
			return i
		}
		return len(primary)
	}
	columns := slices.Clone(t.columns)
	slices.SortStableFunc(columns, func(a, b catalog.Line) int { return cmp.Compare(position(a), position(b)) })
	var rows [][]string
	for _, l := range columns {
		c := l.Column()
		null := "yes"
		if c.NotNull != "" {
			null = "no"
		}
		typ := code(strings.TrimSpace(c.Type + " " + c.Collation))
		if c.State != "" {
			typ += " " + code(c.State)
		}
		rows = append(rows, []string{code(own(l)), typ, null, code(strings.TrimPrefix(c.Value, "DEFAULT ")), prose(s.comment(l))})
	}
	if len(rows) > 0 {
		d.printf("## Columns\n\nThose of the primary key come first, the others by name; the table may have them in another order.\n\n")
	}
	d.table("", []string{"Column", "Type", "Null", "Default", "Comment"}, rows)
}

// indexes returns the rows about a table's indexes, those of constraints first.
func (s *schema) indexes(t *table) [][]string {
	var rows [][]string
	for _, k := range t.keys {
		kind := map[string]string{"PRIMARY KEY": "the primary key", "UNIQUE": "the unique constraint", "EXCLUDE": "the exclusion constraint"}[k.Kind]
		if kind == "" {
			continue
		}
		on := codes(idents(k.Columns))
		if k.Kind == "EXCLUDE" {
			on = code(k.Rest)
		}
		serves := []string{kind}
		for _, f := range t.keys {
			if f.Kind == "FOREIGN KEY" && begins(k.Columns, f.Columns) {
				serves = append(serves, "the foreign key "+code(own(f.line)))
			}
		}
		for _, r := range t.referring {
			if slices.Equal(slices.Sorted(slices.Values(r.RefColumns)), slices.Sorted(slices.Values(k.Columns))) {
				serves = append(serves, "references from "+r.from.link())
			}
		}
		_, state := k.line.CutState()
		rows = append(rows, []string{code(own(k.line)), on, with(strings.Join(slices.Compact(serves), "; "), state), prose(s.comment(catalog.Line{Kind: "index", Name: k.line.Name}))})
	}
	for _, x := range t.indexes {
		var serves []string
		if x.Unique {
			serves = append(serves, "uniqueness")
		}
		for _, f := range t.keys {
			if f.Kind == "FOREIGN KEY" && x.serves(f) {
				serves = append(serves, "the foreign key "+code(own(f.line)))
			}
		}
		lookups := "lookups by " + code(first(x.Keys))
		if len(x.Keys) > 1 {
			lookups += ", then " + codes(x.Keys[1:])
		}
		if x.Method != "btree" && x.Method != "hash" {
			lookups = x.Method + " searches of " + codes(x.Keys)
		}
		serves = append(serves, lookups)
		if x.Rest != "" {
			serves = append(serves, code(x.Rest))
		}
		_, state := x.line.CutState()
		rows = append(rows, []string{code(own(x.line)), codes(x.Keys), with(strings.Join(serves, "; "), state), prose(s.comment(x.line))})
	}
	return rows
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// with appends an object's state.
func with(text, state string) string {
	if state == "" {
		return text
	}
	return text + " (" + code(state) + ")"
}

// serves reports whether PostgreSQL can find the rows of a foreign key with the index.
func (x index) serves(k key) bool {
	_, state := x.line.CutState()
	return !strings.HasPrefix(state, "INVALID") && !x.Where && (x.Method == "btree" || x.Method == "hash") && begins(x.Columns, k.Columns)
}

// begins reports whether an index's columns begin with those of a key, in any order.
func begins(index, key []string) bool {
	return len(key) > 0 && len(index) >= len(key) &&
		slices.Equal(slices.Sorted(slices.Values(index[:len(key)])), slices.Sorted(slices.Values(key)))
}

func idents(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = pgsql.Ident(n)
	}
	return out
}

func (s *schema) foreignKeys(d *document, t *table) {
	var rows [][]string
	for _, k := range t.keys {
		if k.Kind != "FOREIGN KEY" {
			continue
		}
		served := "none: a change of a row that it refers to reads the whole table"
		for _, x := range t.indexes {
			if x.serves(k) {
				served = code(own(x.line))
				break
			}
		}
		for _, u := range t.keys {
			if (u.Kind == "PRIMARY KEY" || u.Kind == "UNIQUE") && begins(u.Columns, k.Columns) {
				served = code(own(u.line))
				break
			}
		}
		rows = append(rows, []string{code(own(k.line)), codes(idents(k.Columns)), s.reference(k.RefTable) + " " + codes(idents(k.RefColumns)), code(k.Rest), served})
	}
	d.table("Foreign keys", []string{"Key", "Columns", "References", "Actions", "Index"}, rows)
	rows = nil
	for _, r := range t.referring {
		rows = append(rows, []string{r.from.link(), codes(idents(r.Columns)), codes(idents(r.RefColumns)), code(own(r.line)), code(r.Rest)})
	}
	d.table("Referenced by", []string{"Table", "Columns", "Refers to", "Key", "Actions"}, rows)
}
