package state

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A Loss is an unmanaged property that an object would lose in the change that the schema file requires.
type Loss struct {
	Object string // "index public.results.ix_results_tags"
	What   string // "storage parameters (fillfactor='70')"
}

func (s Loss) String() string {
	return fmt.Sprintf("%s can't keep its %s", s.Object, s.What)
}

// A LossError means that a change would lose unmanaged properties. Nothing was written.
type LossError struct{ Losses []Loss }

func (e *LossError) Error() string {
	var b strings.Builder
	b.WriteString("nothing was written: the schema file requires a change that would lose what it can't express:")
	for _, s := range e.Losses {
		b.WriteString("\n  " + s.String())
	}
	b.WriteString("\nfirst write the change as SQL (new), or drop what it would lose")
	return b.String()
}

// CarryOver copies unmanaged properties of objects from the replayed to the desired state: storage parameters,
// deferrable keys, exclusion constraints, options of sequences and similar, but not NOT VALID. Then they don't count as
// differences, and an object that is created again keeps them. The error is a *LossError if properties can't be copied
// because the object itself changes.
func CarryOver(ctx context.Context, replayed, desired *State) error {
	lost, err := carryOver(ctx, replayed, desired)
	if err == nil && len(lost) > 0 {
		return &LossError{lost}
	}
	return err
}

func carryOver(ctx context.Context, replayed, desired *State) ([]Loss, error) {
	have, err := replayed.properties(ctx)
	if err != nil {
		return nil, err
	}
	if len(have.all()) == 0 && len(have.Sequences) == 0 && !slices.ContainsFunc(have.Generated, func(g *generated) bool { return g.Virtual }) {
		return nil, nil
	}
	want, err := desired.properties(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range have.Constraints {
		k.Def = strings.TrimSuffix(k.Def, " NOT VALID") // what the schema file declares is valid
	}
	for _, s := range have.Settings {
		if what, ok := strings.CutSuffix(s.What, " NOT VALID"); ok {
			s.What, s.Action = what, strings.TrimSuffix(s.Action, " NOT VALID")
		}
	}
	have.Settings = slices.DeleteFunc(have.Settings, func(s *setting) bool { return s.What == notNull })
	have.followRenames(replayed.Catalog, desired.Catalog, want)
	declared := definitions(desired.Catalog)
	// The file may make the column nullable.
	have.Settings = slices.DeleteFunc(have.Settings, func(s *setting) bool {
		return strings.HasPrefix(s.What, notNull) && notNullOf(declared[s.object()]) == ""
	})
	stmts := append(have.statements(want), have.sequenceStatements(want)...)
	if len(stmts) > 0 {
		for _, s := range stmts {
			// If a statement fails, its property is missing below.
			if err := desired.db.run.Exec(ctx, s); err != nil && pgsql.SQLState(err) == "" {
				return nil, fmt.Errorf("copying what the schema file can't express: %w", err)
			}
		}
		if err := desired.Refresh(ctx); err != nil {
			return nil, err
		}
		if want, err = desired.properties(ctx); err != nil {
			return nil, err
		}
	}
	declared = definitions(desired.Catalog)
	// The file may remove the sequence or the identity itself.
	all := *have
	have.Sequences = slices.DeleteFunc(slices.Clone(have.Sequences), func(s *sequence) bool {
		w := want.own(s.Owner)
		return w == nil || w.Name != s.Name && all.sequence(w.Name) != nil // the column has no sequence now, or another one
	})
	have.Settings = slices.DeleteFunc(have.Settings, func(s *setting) bool {
		return s.What == "sequence options" && !strings.Contains(declared[s.object()], identity)
	})
	kept := map[property]bool{}
	for _, t := range want.all() {
		kept[t] = true
	}
	var lost []Loss
	for _, t := range have.all() {
		if _, ok := declared[t.object]; ok && !kept[t] {
			lost = append(lost, Loss{Object: t.object, What: t.what})
		}
	}
	return lost, nil
}

// definitions returns the definitions of objects by their kind and name.
func definitions(c catalog.Catalog) map[string]string {
	m := map[string]string{}
	for l := range c.All() {
		if !l.Comment {
			m[l.Kind+" "+l.Name] = l.Def
		}
	}
	return m
}
