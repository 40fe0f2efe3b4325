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

// A Rename pairs an object that is missing from the schema file with one that is new in it: they may be the same object
// under another name.
type Rename struct {
	Kind     string // "table", "column", "enum", "enum value" or, with its column, "sequence"
	Schema   string
	Of       string // the table or enum of a part, "" for a table or an enum itself
	Old, New string
	// NewSchema is the schema that a table or enum moves to; otherwise it equals Schema.
	NewSchema string
	// Type is a column's type, as PostgreSQL writes it.
	Type string

	opens bool   // NewSchema doesn't exist yet
	oldOf string // Of, before it was renamed
	file  string // for a sequence: the key of its file
}

// RenameNone is the value of -rename that declines all further renames.
const RenameNone = "none"

// Flag returns the value of -rename that means r and none of the others.
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

// flagName quotes a name if it needs quotes in -rename.
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

// statements returns the statements that rename, and those that revert it.
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
	if r.opens {
		up = append(up, "CREATE SCHEMA "+pgsql.Ident(r.NewSchema))
		defer func() { down = append(down, "DROP SCHEMA "+pgsql.Ident(r.NewSchema)) }()
	}
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

// A RenameError reports changes that could be renames. Nothing was written.
type RenameError struct{ Candidates []Rename }

func (e *RenameError) Error() string {
	var b strings.Builder
	b.WriteString("nothing was written: what is missing from the schema file could have a new name there")
	for _, r := range e.Candidates {
		typ := ""
		if r.Type != "" {
			typ = " (" + r.Type + ")"
		}
		fmt.Fprintf(&b, "\n  %s %s%s is missing and %s is new: if it was renamed, add -rename=%s", r.Kind, r.old(), typ, r.new(), fix.ShellWord(r.Flag(e.Candidates...)))
	}
	b.WriteString("\nseparate several with commas; ")
	lost := "what is missing is dropped with its data, and what is new starts empty"
	if !slices.ContainsFunc(e.Candidates, func(r Rename) bool { return r.Kind == "table" || r.Kind == "column" }) {
		lost = "what is missing is dropped, and what is new is created"
	}
	fmt.Fprintf(&b, "if nothing, or nothing else, was renamed add -rename=%s: %s", RenameNone, lost)
	return b.String()
}

// A renaming finds renames and applies them to the replayed state.
type renaming struct {
	args  []*renameArg
	none  bool
	done  []Rename
	open  []Rename // likely renames that the arguments don't mention
	could []Rename // all possible renames
}

// ApplyRenames applies the renames of flag (the value of -rename) to the replayed state, so that it has the schema
// file's names. It returns the renames that it applied, even if it fails. The error is a *usage.Error for a flag that
// cannot be parsed, a *RenameFlagError for one that names no possible rename, and a *RenameError if flag leaves open
// whether something was renamed.
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

// round applies those of the possible renames that the arguments mention, and records the likely ones among the
// others.
func (r *renaming) round(ctx context.Context, s *state.State, possible []possibleRename) error {
	old, target := map[string]bool{}, map[string]bool{}
	var chosen []possibleRename
	by := map[Rename]*renameArg{}
	for _, a := range r.args {
		var hits []possibleRename
		for _, p := range possible {
			if a.says(p.Rename) {
				hits = append(hits, p)
			}
		}
		// Renames that reuse no name take precedence.
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
		if a.used || old[hit.old()] || target[hit.target()] {
			return &RenameFlagError{Arg: a.text, Could: r.could, Twice: true}
		}
		old[hit.old()], target[hit.target()] = true, true
		chosen, by[hit.Rename] = append(chosen, hit), a
	}
	for {
		passed := slices.DeleteFunc(slices.Clone(chosen), func(p possibleRename) bool { return !p.passed(chosen) })
		if len(passed) == len(chosen) {
			break
		}
		chosen = passed
	}
	settled := map[string]bool{}
	for _, p := range chosen {
		by[p.Rename].used = true
		settled["-"+p.old()], settled["+"+p.target()] = true, true
	}
	if err := r.do(ctx, s, chosen); err != nil {
		return err
	}
	for _, p := range possible {
		if p.passes() || settled["-"+p.old()] || settled["+"+p.target()] {
			continue
		}
		r.could = append(r.could, p.Rename)
		if p.likely && !r.none {
			r.open = append(r.open, p.Rename)
		}
	}
	return nil
}

// do applies the chosen renames.
func (r *renaming) do(ctx context.Context, s *state.State, chosen []possibleRename) error {
	for _, step := range inOrder(chosen) {
		if step.NewSchema != step.Schema {
			const missing = "SELECT pg_catalog.to_regnamespace($1) IS NULL"
			if err := s.Conn().QueryRow(ctx, missing, pgsql.Ident(step.NewSchema)).Scan(&step.opens); err != nil {
				return fmt.Errorf("looking for schema %s: %w", pgsql.Ident(step.NewSchema), err)
			}
		}
		up, _ := step.statements()
		for _, stmt := range up {
			if _, err := s.Conn().Exec(ctx, stmt); err != nil {
				return fmt.Errorf("renaming %s %s: %w", step.Kind, step.old(), err)
			}
		}
		r.done = append(r.done, step)
	}
	if len(chosen) > 0 {
		return s.Refresh(ctx)
	}
	return nil
}

// passed reports whether the chosen renames make p possible: if p's old name stays, another rename must take it, and if
// p's new name is taken, another rename must give it up.
func (p possibleRename) passed(chosen []possibleRename) bool {
	same := func(name string, of func(Rename) string) bool {
		return slices.ContainsFunc(chosen, func(o possibleRename) bool {
			return o.sibling(p) && of(o.Rename) == name
		})
	}
	return (!p.stays || same(p.Old, func(o Rename) string { return o.New })) && (!p.taken || same(p.New, func(o Rename) string { return o.Old }))
}

// inOrder sorts renames so that each new name is free when its turn comes. In a cycle, one object gets a temporary
// name.
func inOrder(chosen []possibleRename) []Rename {
	rest := slices.Clone(chosen)
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

// target identifies the new name, including the schema and the table or enum.
func (r Rename) target() string {
	return r.Kind + " " + pgsql.QualifiedIdent(r.Schema, r.Of) + "." + r.new()
}

// RevertRenames reverts renames in the state, the last first.
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

// RenameOps returns the ops of renames, a file for each table or type.
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
			if r.opens && i == 0 {
				o.up = append(o.up, c)
				continue
			}
			if i == 0 || r.opens && i == 1 {
				c.note = []string{fmt.Sprintf("Rename %s %s to %s. A statement that uses the old name %s.", r.Kind, r.old(), r.new(), r.breaks(done))}
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

// breaks describes what happens to a statement that uses the old name. If another rename gives that name to something
// else, the statement uses that.
func (r Rename) breaks(done []Rename) string {
	i := slices.IndexFunc(done, func(o Rename) bool {
		return o.Kind == r.Kind && o.NewSchema == r.Schema && o.Of == r.Of && o.New == r.Old
	})
	if i < slices.Index(done, r) {
		return "fails from now on"
	}
	return "silently finds another " + r.Kind + ": stop the application first"
}
