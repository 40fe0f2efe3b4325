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
)

// Effect is what a migration changes in the catalog: the lines that it adds and
// those that it removes, each sorted, no line in both. A changed line is
// removed in its old form and added in its new one.
type Effect struct{ Add, Remove []string }

// Measure returns the effect that leads from before to after.
func Measure(before, after Catalog) Effect {
	return Effect{Add: without(after.lines, before.lines), Remove: without(before.lines, after.lines)}
}

// Added and Removed return the lines of e, taken apart.
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

// Lines returns "- line" for each line that the migration removes and "+ line" for
// each that it adds, the table's own line before those of its parts.
func (e Effect) Lines() []string {
	type change struct {
		sign string
		line Line
		text string
	}
	var all []change
	for i, l := range e.Removed() {
		all = append(all, change{"-", l, e.Remove[i]})
	}
	for i, l := range e.Added() {
		all = append(all, change{"+", l, e.Add[i]})
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

// String returns the text of an effect file: a comment, then Lines.
func (e Effect) String() string {
	lines := e.Lines()
	if len(lines) == 0 {
		return effectHead + effectEmpty
	}
	return effectHead + strings.Join(lines, "\n") + "\n"
}

// ParseEffect reads the text of an effect file. An error names the line.
func ParseEffect(text string) (Effect, error) {
	var e Effect
	seen := map[string]bool{}
	for i, s := range strings.Split(text, "\n") {
		s = strings.TrimSuffix(s, "\r")
		if s == "" || strings.HasPrefix(s, "#") {
			continue
		}
		sign, body, _ := strings.Cut(s, " ")
		if sign != "+" && sign != "-" {
			return Effect{}, fmt.Errorf("line %d: %q begins neither with \"+ \" nor with \"- \"", i+1, s)
		}
		if _, err := ParseLine(body); err != nil {
			return Effect{}, fmt.Errorf("line %d: %w", i+1, err)
		}
		if seen[body] {
			return Effect{}, fmt.Errorf("line %d: %q stands there twice", i+1, body)
		}
		seen[body] = true
		if sign == "+" {
			e.Add = append(e.Add, body)
		} else {
			e.Remove = append(e.Remove, body)
		}
	}
	slices.Sort(e.Add)
	slices.Sort(e.Remove)
	return e, nil
}

// Adds reports whether e adds what d says is extra, as it is; of an index, also one whose
// build was cut off.
func (e Effect) Adds(d Difference) bool {
	def, _ := completed(d.Have)
	return slices.ContainsFunc(e.Added(), func(l Line) bool {
		table, object := l.table()
		return l.title() == d.Kind && table == d.Table && object == d.Object && Escape(l.Def) == def
	})
}

// Apply returns the catalog that e leads to from c. It is an error that names
// the line if one that e removes is not there, or the object of one that it
// adds already is.
func (c Catalog) Apply(e Effect) (Catalog, error) {
	f := newFolding(c)
	if err := f.apply(e); err != nil {
		return Catalog{}, err
	}
	return f.catalog(), nil
}

// At returns the catalog that the files 0..i of dir lead to by their effects,
// from an empty database; i = -1 is the empty one. The error names the file
// whose effect is missing, or does not follow from those before it.
func At(dir *migration.Dir, i int) (Catalog, error) {
	f := newFolding(Catalog{})
	for _, file := range dir.Files()[:i+1] {
		if err := f.file(file); err != nil {
			return Catalog{}, err
		}
	}
	return f.catalog(), nil
}

// All yields what At returns for each of dir's versions, -1 included, in order. It ends
// before the first for which that is an error.
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

// folding is a catalog under change: its lines by kind and name.
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

// EffectOf returns what a migration's effect file says. The error is [fs.ErrNotExist] if there is none.
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
			return fmt.Errorf("cannot remove %q: there is none before it", s)
		case have != s:
			return fmt.Errorf("cannot remove %q: it is %q before it", s, have)
		}
		delete(f, l.key())
	}
	for _, s := range e.Add {
		l, err := ParseLine(s)
		if err != nil {
			return err
		}
		if have, ok := f[l.key()]; ok {
			return fmt.Errorf("cannot add %q: there is %q before it", s, have)
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
