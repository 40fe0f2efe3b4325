package online

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A Rename is something that is gone and something that is new, which could be the same
// under another name.
type Rename struct {
	Kind     string // "table", "column", "enum", "enum value" or, with its column, "sequence"
	Schema   string
	Of       string // the table or enum that it is a part of; empty for these themselves
	Old, New string
	// NewSchema is where a table or enum moves to, Schema if it stays.
	NewSchema string
	// Type is a column's, in PostgreSQL's words.
	Type string

	oldOf string // Of before it was renamed itself
	file  string // what a sequence shares its file with
}

// RenameNone is the value of the flag that says that nothing more is renamed.
const RenameNone = "none"

// Flag is what -rename= says for r among other renames that there could be.
func (r Rename) Flag(others ...Rename) string {
	short := r.words(r.Schema != "public")
	args, _, err := parseRenames(short)
	if err == nil && slices.ContainsFunc(others, func(o Rename) bool { return o != r && args[0].says(o) }) {
		return r.words(true)
	}
	return short
}

func (r Rename) words(withSchema bool) string {
	var from []string
	if withSchema {
		from = append(from, flagName(r.Schema))
	}
	if r.Of != "" {
		from = append(from, flagName(r.Of))
	}
	to := flagName(r.New)
	if r.NewSchema != r.Schema {
		to = flagName(r.NewSchema) + "." + to
	}
	return strings.Join(append(from, flagName(r.Old)), ".") + "=" + to
}

// flagName quotes what would not be read as one name.
func flagName(s string) string {
	if s == "" || strings.ContainsAny(s, `.,="' `+"\t\n$*?\\;&|<>()`!{}[]#~") || s == RenameNone {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

func (r Rename) old() string {
	if r.Of == "" {
		return pgsql.QualifiedIdent(r.Schema, r.Old)
	}
	if r.Kind == "enum value" {
		return pgsql.Literal(r.Old) + " of " + pgsql.QualifiedIdent(r.Schema, r.Of)
	}
	return pgsql.QualifiedIdent(r.Schema, r.Of) + "." + pgsql.Ident(r.Old)
}

func (r Rename) new() string {
	switch {
	case r.Kind == "enum value":
		return pgsql.Literal(r.New)
	case r.Of == "":
		return pgsql.QualifiedIdent(r.NewSchema, r.New)
	}
	return pgsql.Ident(r.New)
}

// statements rename one way; the other way they do it back.
func (r Rename) statements() (up, down []string) {
	kind := map[string]string{"table": "TABLE", "enum": "TYPE", "sequence": "SEQUENCE"}[r.Kind]
	whole := pgsql.QualifiedIdent(r.Schema, r.Of)
	switch r.Kind {
	case "column":
		s := "ALTER TABLE " + whole + " RENAME COLUMN "
		return []string{s + pgsql.Ident(r.Old) + " TO " + pgsql.Ident(r.New)}, []string{s + pgsql.Ident(r.New) + " TO " + pgsql.Ident(r.Old)}
	case "enum value":
		s := "ALTER TYPE " + whole + " RENAME VALUE "
		return []string{s + pgsql.Literal(r.Old) + " TO " + pgsql.Literal(r.New)}, []string{s + pgsql.Literal(r.New) + " TO " + pgsql.Literal(r.Old)}
	}
	at := r.Schema
	if r.NewSchema != r.Schema {
		up = append(up, "ALTER "+kind+" "+pgsql.QualifiedIdent(r.Schema, r.Old)+" SET SCHEMA "+pgsql.Ident(r.NewSchema))
		down = append(down, "ALTER "+kind+" "+pgsql.QualifiedIdent(r.NewSchema, r.Old)+" SET SCHEMA "+pgsql.Ident(r.Schema))
		at = r.NewSchema
	}
	if r.Old != r.New {
		up = append(up, "ALTER "+kind+" "+pgsql.QualifiedIdent(at, r.Old)+" RENAME TO "+pgsql.Ident(r.New))
		down = append([]string{"ALTER " + kind + " " + pgsql.QualifiedIdent(at, r.New) + " RENAME TO " + pgsql.Ident(r.Old)}, down...)
	}
	return up, down
}

// A RenameError is a change that could be a rename, and nobody said whether it is one.
// Nothing was written.
type RenameError struct{ Candidates []Rename }

func (e *RenameError) Error() string {
	var b strings.Builder
	b.WriteString("nothing was written: what the schema file drops and what it adds could be the same under another name")
	for _, r := range e.Candidates {
		typ := ""
		if r.Type != "" {
			typ = " (" + r.Type + ")"
		}
		fmt.Fprintf(&b, "\n  %s %s%s is gone, and %s is new: if it is renamed, say -rename=%s", r.Kind, r.old(), typ, r.new(), fix.ShellWord(r.Flag(e.Candidates...)))
	}
	b.WriteString("\nsay several with commas between them; ")
	lost := "what is gone is dropped with its data, and what is new starts empty"
	if !slices.ContainsFunc(e.Candidates, func(r Rename) bool { return r.Kind == "table" || r.Kind == "column" }) {
		lost = "what is gone is dropped, and what is new is created"
	}
	fmt.Fprintf(&b, "if none is (or none but those that you say) add -rename=%s: %s", RenameNone, lost)
	return b.String()
}

// A renaming finds out what is renamed and does it in the replayed state.
type renaming struct {
	args  []*renameArg
	none  bool
	done  []Rename
	open  []Rename // candidates that nobody decided
	could []Rename // all that could be said
}

// ApplyRenames renames in the replayed state what flag says, so that it has the schema
// file's names, and returns what it renamed, with an error too. The error is a *usage.Error for a flag that cannot be
// read, a *RenameError for what could be a rename and is not decided, a *RenameFlagError for what flag says and is none.
func ApplyRenames(ctx context.Context, flag string, replayed, desired *state.State) ([]Rename, error) {
	r := &renaming{}
	var err error
	if r.args, r.none, err = parseRenames(flag); err != nil {
		return nil, err
	}
	if flag == "" {
		have, _ := state.Split(replayed.Catalog)
		want, _ := state.Split(desired.Catalog)
		if !mayRename(have, want) {
			return nil, nil
		}
	}
	have, want, err := r.read(ctx, replayed, desired)
	if err != nil {
		return r.done, err
	}
	numbered, err := serials(ctx, replayed)
	if err != nil {
		return r.done, err
	}
	if err := r.round(ctx, replayed, wholeRenames(have, want)); err != nil {
		return r.done, err
	}
	if len(r.done) > 0 {
		if have, want, err = r.read(ctx, replayed, desired); err != nil {
			return r.done, err
		}
	}
	if err := r.round(ctx, replayed, r.partRenames(have, want)); err != nil {
		return r.done, err
	}
	if err := r.sequences(ctx, replayed, desired, numbered); err != nil {
		return r.done, err
	}
	for _, a := range r.args {
		if !a.used {
			return r.done, &RenameFlagError{Arg: a.text, Could: r.could, Passes: slices.ContainsFunc(r.args, a.passes)}
		}
	}
	if len(r.open) > 0 {
		return r.done, &RenameError{r.open}
	}
	return r.done, nil
}

// round does those of the possible renames that the arguments say, and keeps in mind
// those that are likely.
func (r *renaming) round(ctx context.Context, s *state.State, possible []possibleRename) error {
	old, place := map[string]bool{}, map[string]bool{}
	var said []possibleRename
	by := map[Rename]*renameArg{}
	for _, a := range r.args {
		var hits []possibleRename
		for _, p := range possible {
			if a.says(p.Rename) {
				hits = append(hits, p)
			}
		}
		// What passes on no name is meant first.
		if slices.ContainsFunc(hits, func(p possibleRename) bool { return !p.passes() }) {
			hits = slices.DeleteFunc(hits, possibleRename.passes)
		}
		switch {
		case len(hits) > 1:
			e := &RenameFlagError{Arg: a.text, Ambiguous: true}
			for _, h := range hits {
				e.Could = append(e.Could, h.Rename)
			}
			return e
		case len(hits) == 0:
			continue
		}
		hit := hits[0]
		if a.used || old[hit.old()] || place[hit.place()] {
			return &RenameFlagError{Arg: a.text, Could: r.could, Twice: true}
		}
		old[hit.old()], place[hit.place()] = true, true
		said, by[hit.Rename] = append(said, hit), a
	}
	for {
		passed := slices.DeleteFunc(slices.Clone(said), func(p possibleRename) bool { return !p.passed(said) })
		if len(passed) == len(said) {
			break
		}
		said = passed
	}
	settled := map[string]bool{}
	for _, p := range said {
		by[p.Rename].used = true
		settled["-"+p.old()], settled["+"+p.place()] = true, true
	}
	if err := r.do(ctx, s, said); err != nil {
		return err
	}
	for _, p := range possible {
		if p.passes() || settled["-"+p.old()] || settled["+"+p.place()] {
			continue
		}
		r.could = append(r.could, p.Rename)
		if p.likely && !r.none {
			r.open = append(r.open, p.Rename)
		}
	}
	return nil
}

// do does the renames that were said.
func (r *renaming) do(ctx context.Context, s *state.State, said []possibleRename) error {
	for _, step := range inOrder(said) {
		up, _ := step.statements()
		for _, stmt := range up {
			if _, err := s.Conn().Exec(ctx, stmt); err != nil {
				return fmt.Errorf("renaming %s %s: %w", step.Kind, step.old(), err)
			}
		}
		r.done = append(r.done, step)
	}
	if len(said) > 0 {
		return s.Refresh(ctx)
	}
	return nil
}

// passed says whether others among those said take the name that stays and give the one that
// is taken.
func (p possibleRename) passed(said []possibleRename) bool {
	same := func(name string, of func(Rename) string) bool {
		return slices.ContainsFunc(said, func(o possibleRename) bool {
			return o.sibling(p) && of(o.Rename) == name
		})
	}
	return (!p.stays || same(p.Old, func(o Rename) string { return o.New })) && (!p.taken || same(p.New, func(o Rename) string { return o.Old }))
}

// inOrder puts renames so that each new name is free by its turn. Of those that pass on their
// names in a circle one has a name between.
func inOrder(said []possibleRename) []Rename {
	rest := slices.Clone(said)
	var out []Rename
	for len(rest) > 0 {
		i := slices.IndexFunc(rest, func(p possibleRename) bool {
			return !p.taken || !slices.ContainsFunc(rest, func(o possibleRename) bool { return o.sibling(p) && o.Old == p.New })
		})
		if i < 0 {
			i = 0
			second := rest[0]
			second.Old, rest[0].New = second.between, second.between
			rest = append(rest, second)
		}
		out, rest = append(out, rest[i].Rename), slices.Delete(rest, i, i+1)
	}
	return out
}

// place is the new name with what it is a part of.
func (r Rename) place() string {
	return r.Kind + " " + pgsql.QualifiedIdent(r.Schema, r.Of) + "." + r.new()
}

// RevertRenames undoes the renames in the state, the last first.
func RevertRenames(ctx context.Context, s *state.State, done []Rename) error {
	if len(done) == 0 {
		return nil
	}
	for _, r := range slices.Backward(done) {
		_, down := r.statements()
		for _, stmt := range down {
			if _, err := s.Conn().Exec(ctx, stmt); err != nil {
				return fmt.Errorf("renaming %s %s back: %w", r.Kind, r.new(), err)
			}
		}
	}
	return s.Refresh(ctx)
}

// RenameOps are the renames as migrations do them, a file for each table or type.
func RenameOps(done []Rename) []Op {
	var ops []Op
	for _, r := range done {
		key := cmp.Or(r.file, pgsql.QualifiedIdent(r.NewSchema, cmp.Or(r.Of, r.New)))
		o := Op{stage: stageRename, key: key}
		if r.Kind != "sequence" {
			o.change = change{verb: "rename", kind: r.Kind, table: r.Of, name: r.Old}
		}
		up, down := r.statements()
		for i, s := range up {
			c := sql(s)
			if i == 0 {
				c.note = []string{fmt.Sprintf("Rename %s %s to %s. What runs meanwhile and uses the old name %s.", r.Kind, r.old(), r.new(), r.breaks(done))}
			}
			o.up = append(o.up, c)
		}
		for _, s := range down {
			o.down = append(o.down, sql(s))
		}
		ops = append(ops, o)
	}
	return ops
}

// breaks says what becomes of a statement that uses the old name. Where another of the
// renames done gives that name away again it goes on, with what it does not mean.
func (r Rename) breaks(done []Rename) string {
	i := slices.IndexFunc(done, func(o Rename) bool {
		return o.Kind == r.Kind && o.NewSchema == r.Schema && o.Of == r.Of && o.New == r.Old
	})
	if i < slices.Index(done, r) {
		return "fails from now on"
	}
	return "finds another " + r.Kind + " there and no error: stop it before"
}
