package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Effect is what a migration changes in the catalog: the lines that it adds and the lines that it removes, each sorted.
// A changed line is removed in its old form and added in its new one.
type Effect struct{ Add, Remove []string }

// Measure returns the effect that turns before into after.
func Measure(before, after Catalog) Effect {
	return Effect{Add: without(after.lines, before.lines), Remove: without(before.lines, after.lines)}
}

// Added and Removed return the parsed lines of e.
func (e Effect) Added() []Line   { return parsed(e.Add) }
func (e Effect) Removed() []Line { return parsed(e.Remove) }

func parsed(texts []string) []Line {
	lines := make([]Line, len(texts))
	for i, text := range texts {
		lines[i] = mustParse(text)
	}
	return lines
}

const (
	effectHead  = "# What this migration changes in PostgreSQL's catalog, measured by running it.\n# Written by plan and rehash, not by hand.\n"
	effectEmpty = "# It changes no schema.\n"
)

// Lines returns "- line" for each line that the migration removes and "+ line" for each line that it adds, a table's
// line before those of its parts. If one of stmts, the migration's statements, renames an object whose line changes
// only its name, the two are one line: "~ column public.t.a -> b: integer".
func (e Effect) Lines(stmts ...pgsql.Stmt) []string {
	type change struct {
		sign string
		line Line
		text string
	}
	var all []change
	renames := RenamesOf(stmts)
	renamed := map[string]bool{} // lines of Add
	for i, l := range e.Removed() {
		next := l
		next.Name = renames.Of(l.Name)
		if next.Name != l.Name && slices.Contains(e.Add, next.String()) {
			renamed[next.String()] = true
			all = append(all, change{"~", l, renameLine(l, next.Name)})
			continue
		}
		all = append(all, change{"-", l, e.Remove[i]})
	}
	for i, l := range e.Added() {
		if !renamed[e.Add[i]] {
			all = append(all, change{"+", l, e.Add[i]})
		}
	}
	slices.SortFunc(all, func(a, b change) int {
		at, ao := a.line.table()
		bt, bo := b.line.table()
		return cmp.Or(cmp.Compare(at, bt), cmp.Compare(rank(a.line.title()), rank(b.line.title())), cmp.Compare(ao, bo), -cmp.Compare(a.sign, b.sign))
	})
	lines := make([]string, len(all))
	for i, c := range all {
		lines[i] = c.sign + " " + c.text
	}
	return lines
}

// CutBody cuts one of an effect's lines, "+ function public.f(): ...", before a definition of several lines, which it
// returns as it is in SQL. body is "" if the definition has one line.
func CutBody(line string) (head, body string) {
	if i := outsideQuotes(line, ": "); i >= 0 {
		if def := unescape(line[i+2:]); strings.Contains(def, "\n") {
			return line[:i+1], strings.Trim(def, "\n")
		}
	}
	return line, ""
}

// A move is the rename of an object, or of all that is in a schema: its names in the catalog.
type move struct{ from, to string }

// Renames are the renames of statements in order, and those that undo them.
type Renames struct{ forth, back []move }

// RenamesOf returns the renames of statements.
func RenamesOf(stmts []pgsql.Stmt) Renames {
	var r Renames
	for _, s := range stmts {
		for _, m := range movesIn(s) {
			r.forth, r.back = append(r.forth, m), append(r.back, move{m.to, m.from})
		}
	}
	slices.Reverse(r.back)
	return r
}

// Of returns the name that the object of a line with that name has afterwards.
func (r Renames) Of(name string) string {
	next := moved(name, r.forth)
	if moved(next, r.back) != name {
		return name // another object has the name: this one was dropped
	}
	return next
}

// movesIn returns the renames of a statement.
func movesIn(s pgsql.Stmt) (list []move) {
	st := s.Parse()
	for _, r := range st.Renames() {
		schema := cmp.Or(r.Name.Schema, "public")
		from := pgsql.QualifiedIdent(schema, r.Name.Name)
		to := pgsql.QualifiedIdent(cmp.Or(r.To.Schema, schema), r.To.Name)
		if r.Part != "" {
			from, to = from+"."+pgsql.Ident(r.Part), from+"."+pgsql.Ident(r.To.Name)
		}
		list = append(list, move{from, to})
	}
	if len(list) > 0 || len(st.Targets) != 1 {
		return list
	}
	// Of these the parser returns no actions.
	words := pgsql.Tokens(s.Text)
	last := words[max(0, len(words)-3):]
	ends := func(first, second string) bool {
		return len(last) == 3 && strings.EqualFold(last[0].Text, first) && strings.EqualFold(last[1].Text, second)
	}
	old := st.Targets[0]
	old.Schema = cmp.Or(old.Schema, "public")
	from := pgsql.QualifiedIdent(old.Schema, old.Name)
	switch {
	case !ends("RENAME", "TO") && !ends("SET", "SCHEMA"):
		return nil
	case st.Verb == "ALTER SCHEMA":
		return []move{{pgsql.Ident(old.Name), pgsql.Ident(identifier(last[2]))}}
	case !slices.Contains([]string{"ALTER TYPE", "ALTER DOMAIN", "ALTER SEQUENCE", "ALTER STATISTICS", "ALTER COLLATION"}, st.Verb):
		return nil
	case ends("SET", "SCHEMA"):
		return []move{{from, pgsql.QualifiedIdent(identifier(last[2]), old.Name)}}
	}
	return []move{{from, pgsql.QualifiedIdent(old.Schema, identifier(last[2]))}}
}

// identifier returns the name that a token means.
func identifier(t pgsql.Token) string {
	if t.Kind == pgsql.QuotedIdent {
		return pgsql.Unquote(t.Text)
	}
	return strings.ToLower(t.Text)
}

// moved returns the name that an object has after moves.
func moved(name string, moves []move) string {
	for _, m := range moves {
		if part, ok := strings.CutPrefix(name, m.from); ok && (part == "" || part[0] == '.') {
			name = m.to + part
		}
	}
	return name
}

const renameArrow = " -> "

// renameLine returns the line of an object that is renamed to name: without what both names begin with, if only their
// last part differs.
func renameLine(l Line, name string) string {
	before, _ := CutName(l.Name)
	if b, last := CutName(name); b == before {
		name = last
	}
	text := l.Object().String() + renameArrow + Escape(name)
	if l.Def != "" {
		text += ": " + Escape(l.Def)
	}
	return text
}

// parseRename returns the old and the new line of a line of renameLine.
func parseRename(text string) (old, next Line, err error) {
	i := outsideQuotes(text, renameArrow)
	if i < 0 {
		return old, next, fmt.Errorf("%q doesn't say what it is renamed to", text)
	}
	if old, err = ParseLine(text[:i]); err != nil {
		return old, next, err
	}
	name, def := text[i+len(renameArrow):], ""
	if end := outsideQuotes(name, ": "); end >= 0 {
		name, def = name[:end], name[end+2:]
	}
	name, old.Def = unescape(name), unescape(def)
	if name == "" {
		return old, next, fmt.Errorf("%q doesn't say what it is renamed to", text)
	}
	next = old
	next.Name = name
	before, _ := CutName(old.Name)
	if b, last := CutName(name); b == "" && before != "" {
		next.Name = before + "." + last
	}
	for _, l := range []Line{old, next} {
		if again, err := ParseLine(l.String()); err != nil || again != l {
			return old, next, fmt.Errorf("%q has a malformed name", text)
		}
	}
	return old, next, nil
}

// String returns the text of an effect file: a comment and Lines.
func (e Effect) String() string { return e.Text() }

// Text is like String, with the renames of a migration's statements.
func (e Effect) Text(stmts ...pgsql.Stmt) string {
	lines := e.Lines(stmts...)
	if len(lines) == 0 {
		return effectHead + effectEmpty
	}
	return effectHead + strings.Join(lines, "\n") + "\n"
}

// ParseEffect parses the text of an effect file. Errors include the line number.
func ParseEffect(text string) (Effect, error) {
	var e Effect
	seen := map[string]bool{}
	for i, s := range strings.Split(text, "\n") {
		s = strings.TrimSuffix(s, "\r")
		if s == "" || strings.HasPrefix(s, "#") {
			continue
		}
		sign, body, _ := strings.Cut(s, " ")
		var add, remove []string
		var err error
		switch sign {
		case "+":
			add = []string{body}
			_, err = ParseLine(body)
		case "-":
			remove = []string{body}
			_, err = ParseLine(body)
		case "~":
			var old, next Line
			old, next, err = parseRename(body)
			add, remove = []string{next.String()}, []string{old.String()}
		default:
			return Effect{}, fmt.Errorf("line %d: %q doesn't begin with \"+ \", \"- \" or \"~ \"", i+1, s)
		}
		if err != nil {
			return Effect{}, fmt.Errorf("line %d: %w", i+1, err)
		}
		for _, l := range slices.Concat(remove, add) {
			if seen[l] {
				return Effect{}, fmt.Errorf("line %d: duplicate line %q", i+1, l)
			}
			seen[l] = true
		}
		e.Add, e.Remove = append(e.Add, add...), append(e.Remove, remove...)
	}
	slices.Sort(e.Add)
	slices.Sort(e.Remove)
	return e, nil
}

// Adds reports whether e adds the extra object of d with the same definition. An invalid index counts as completed.
func (e Effect) Adds(d Difference) bool {
	def, _ := completed(d.Have)
	return slices.ContainsFunc(e.Added(), func(l Line) bool {
		table, object := l.table()
		return l.title() == d.Kind && table == d.Table && object == d.Object && Escape(l.Def) == def
	})
}

// Apply returns the catalog after e. It fails, with the line in the error, if a line that e removes doesn't exist or
// the object of a line that it adds does.
func (c Catalog) Apply(e Effect) (Catalog, error) {
	f := newFolding(c)
	if err := f.apply(e); err != nil {
		return Catalog{}, err
	}
	return f.catalog(), nil
}

// At returns the catalog after the files 0..i of dir, from their effects, or that of an empty database if i is -1. The
// error names the file whose effect is missing or can't be applied.
func At(dir *migration.Dir, i int) (Catalog, error) {
	f := newFolding(Catalog{})
	for _, file := range dir.Files()[:i+1] {
		if err := f.file(file); err != nil {
			return Catalog{}, err
		}
	}
	return f.catalog(), nil
}

// All yields the results of At for -1 and each of dir's files in order, up to the first error.
func All(dir *migration.Dir) iter.Seq2[int, Catalog] {
	return func(yield func(int, Catalog) bool) {
		f := newFolding(Catalog{})
		if !yield(-1, f.catalog()) {
			return
		}
		for i, file := range dir.Files() {
			if f.file(file) != nil || !yield(i, f.catalog()) {
				return
			}
		}
	}
}

// folding is a mutable catalog: its lines by kind and name.
type folding map[string]string

func newFolding(c Catalog) folding {
	f := make(folding, len(c.lines))
	for _, s := range c.lines {
		f[mustParse(s).key()] = s
	}
	return f
}

// file applies a migration's effect.
func (f folding) file(file *migration.File) error {
	e, err := EffectOf(file)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has no effect file: run rehash to measure it", file.Name)
	}
	if err != nil {
		return err
	}
	return effectError(file, f.apply(e))
}

// EffectOf parses a migration's effect file. The error is [fs.ErrNotExist] if there is none.
func EffectOf(file *migration.File) (Effect, error) {
	text, err := file.Effect()
	if err != nil {
		return Effect{}, err
	}
	e, err := ParseEffect(text)
	return e, effectError(file, err)
}

func effectError(file *migration.File, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the effect of %s: %w: run rehash to measure it again", file.Name, err)
}

func (f folding) apply(e Effect) error {
	for _, s := range e.Remove {
		l, err := ParseLine(s)
		if err != nil {
			return err
		}
		switch have, ok := f[l.key()]; {
		case !ok:
			return fmt.Errorf("cannot remove %q: it doesn't exist before the migration", s)
		case have != s:
			return fmt.Errorf("cannot remove %q: before the migration it is %q", s, have)
		}
		delete(f, l.key())
	}
	for _, s := range e.Add {
		l, err := ParseLine(s)
		if err != nil {
			return err
		}
		if have, ok := f[l.key()]; ok {
			return fmt.Errorf("cannot add %q: before the migration there is %q", s, have)
		}
		f[l.key()] = s
	}
	return nil
}

func (f folding) catalog() Catalog {
	lines := make([]string, 0, len(f))
	for _, s := range f {
		lines = append(lines, s)
	}
	return newCatalog(lines)
}
