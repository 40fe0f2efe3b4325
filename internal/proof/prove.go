package proof

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A Planned is a planned migration.
type Planned struct {
	Up, Down Script
	Renames  bool // it renames things and does nothing else
	Passing  bool // a later file drops what it leaves that the schema file doesn't know
}

// A Goal is what planned files should produce.
type Goal struct {
	Want   catalog.Catalog // of the schema file
	Before catalog.Catalog // of the replayed state after all renames
	// Unmanaged are the schemas that the schema file doesn't manage, as SQL identifiers.
	Unmanaged []string
}

// Grants are the statements at the end of a planned file that restore the privileges on what it drops and creates
// again.
type Grants struct{ Up, Down []string }

// Prove runs planned files and their down files on the replayed state. It returns the files' effects, the grants that
// they lack, and what the schema file doesn't manage, except for what belongs to objects that they change or create
// again. The error is an *Error if the plan is wrong, and a *state.LossError if privileges would be lost. Prove
// leaves the state in an undefined condition.
func Prove(ctx context.Context, base Base, files []Planned, replayed *state.State, goal Goal) ([]catalog.Effect, []Grants, []state.Outside, error) {
	fail := func(err error) ([]catalog.Effect, []Grants, []state.Outside, error) { return nil, nil, nil, err }
	states := []catalog.Catalog{replayed.Catalog} // after i files
	had, err := replayed.Privileges(ctx)
	if err != nil {
		return fail(err)
	}
	privileges := []state.Privileges{had} // after i files
	grants := make([]Grants, len(files))
	var effects []catalog.Effect
	for i, f := range files {
		if err := replayed.Run(ctx, f.Up.Stmts, f.Up.TxNone, f.Up.File); err != nil {
			return fail(refused(f.Up.File, err))
		}
		if err := replayed.Refresh(ctx); err != nil {
			return fail(err)
		}
		if !f.Renames {
			if grants[i].Up, err = replayed.Regrant(ctx, privileges[i]); err != nil {
				return fail(err)
			}
		}
		if had, err = replayed.PrivilegesAfter(ctx, privileges[i]); err != nil {
			return fail(err)
		}
		privileges = append(privileges, had)
		states = append(states, replayed.Catalog)
		effects = append(effects, catalog.Measure(states[i], states[i+1]))
		if (!f.Renames && !f.Passing || i == len(files)-1) && !state.SameOutside(goal.Before, replayed.Catalog, goal.Unmanaged...) {
			_, was := state.Split(goal.Before, goal.Unmanaged...)
			_, is := state.Split(replayed.Catalog, goal.Unmanaged...)
			if was.Equal(is) {
				was, is = goal.Before, replayed.Catalog // the difference is in a column's own sequence
			}
			return fail(&Error{File: f.Up.File, Outside: true, Differences: catalog.Diff(was, is)})
		}
	}
	if have, _ := state.Split(replayed.Catalog, goal.Unmanaged...); !goal.Want.Equal(have) {
		return fail(&Error{File: files[len(files)-1].Up.File, Differences: catalog.Diff(goal.Want, have)})
	}
	downs := make([]Script, len(files))
	for i, f := range files {
		downs[i] = f.Down
	}
	outside, err := replayed.Outside(ctx, leavesAlone(files, effects))
	if err != nil {
		return fail(err)
	}
	faults, err := revert(ctx, replayed, downs, states, func(ctx context.Context, n int) (*state.State, error) {
		s, err := state.ReplayFiles(ctx, base.Server, base.Dir.Files(), base.Options)
		if err != nil {
			return nil, err
		}
		for _, f := range files[:n] {
			if err := s.Run(ctx, f.Up.Stmts, f.Up.TxNone, f.Up.File); err != nil {
				s.Close()
				return nil, err
			}
		}
		return s, nil
	}, func(ctx context.Context, s *state.State, i int) (err error) {
		grants[i].Down, err = s.Regrant(ctx, privileges[i])
		return err
	})
	if err != nil {
		return fail(err)
	}
	if len(faults) > 0 {
		return fail(&Error{File: faults[0].script.File, Err: faults[0].err, Differences: faults[0].differences})
	}
	return effects, grants, outside, nil
}

// leavesAlone returns a function that reports whether files leave an object as it was, and don't drop and create it.
func leavesAlone(files []Planned, effects []catalog.Effect) func(catalog.Line) bool {
	changed := map[catalog.Line]bool{}
	indexes := map[string]bool{} // dropped, without their tables
	for i, f := range files {
		for _, l := range slices.Concat(effects[i].Added(), effects[i].Removed()) {
			if !l.Comment {
				changed[l.Object()] = true
			}
		}
		for _, stmt := range f.Up.Stmts {
			for _, o := range stmt.Parse().Drops() {
				o.Name.Schema = cmp.Or(o.Name.Schema, "public")
				switch {
				case o.Kind == "index":
					indexes[o.Name.String()] = true
				case o.Part != "":
					changed[catalog.Line{Kind: o.Kind, Name: o.Name.String() + "." + pgsql.Ident(o.Part)}] = true
				}
			}
		}
	}
	return func(l catalog.Line) bool {
		switch l.Kind {
		case "index":
			table, name := catalog.CutName(l.Name)
			if schema, _ := catalog.CutName(table); indexes[schema+"."+name] {
				return false
			}
			fallthrough
		case "column", "constraint":
			return !changed[catalog.Line{Kind: l.Kind, Name: l.Name}]
		}
		return true // it is restored as it was
	}
}

func refused(file string, err error) error {
	var stmt *runner.StmtError
	if errors.As(err, &stmt) {
		return &Error{File: file, Err: stmt}
	}
	return err
}

// A fault is a down file that does not revert its migration.
type fault struct {
	script      Script
	err         *runner.StmtError    // the statement that failed, or
	differences []catalog.Difference // from the state before the migration
}

// revert runs down files, the newest first, on s, which is the state after all migrations. It returns those that don't
// produce the state before their migration. states[i] is the catalog after i migrations. If a down file is missing or
// wrong, rebuild makes the state after n migrations again. After a correct down file, of migration i, revert calls
// finish. It leaves s in an undefined condition.
func revert(ctx context.Context, s *state.State, downs []Script, states []catalog.Catalog, rebuild func(ctx context.Context, n int) (*state.State, error), finish func(ctx context.Context, s *state.State, i int) error) ([]fault, error) {
	var faults []fault
	at := len(downs) // s is the state after so many files; -1: unknown
	first := s
	defer func() {
		if s != first {
			s.Close()
		}
	}()
	for i := len(downs) - 1; i >= 0; i-- {
		d := downs[i]
		if d.None {
			continue
		}
		if at != i+1 {
			next, err := rebuild(ctx, i+1)
			if err != nil {
				return nil, err
			}
			if s != first {
				s.Close()
			}
			s = next
		}
		at = -1
		if err := s.Run(ctx, d.Stmts, d.TxNone, d.File); err != nil {
			var stmt *runner.StmtError
			if !errors.As(err, &stmt) {
				return nil, err
			}
			faults = append(faults, fault{script: d, err: stmt})
			continue
		}
		if err := s.Refresh(ctx); err != nil {
			return nil, err
		}
		if !s.Catalog.Equal(states[i]) {
			faults = append(faults, fault{script: d, differences: catalog.Diff(states[i], s.Catalog)})
			continue
		}
		if err := finish(ctx, s, i); err != nil {
			return nil, err
		}
		at = i
	}
	return faults, nil
}
