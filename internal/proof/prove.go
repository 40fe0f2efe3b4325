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

// Ways are a planned file.
type Ways struct {
	Up, Down Script
	Renames  bool // it gives things their new names, and nothing else
}

// A Goal is what planned files should lead to.
type Goal struct {
	Want   catalog.Catalog // what the schema file says
	Before catalog.Catalog // of the replayed state, when everything has its new name
	Kept   []string        // schemas that are outside the schema file
}

// Grants are the statements at the end of a planned file that give what it drops and makes again the privileges that it had.
type Grants struct{ Up, Down []string }

// Prove runs planned files on the replayed state and back again, and returns their effects, the grants that they lack, and what
// stands outside of the schema file after them, without what belongs to objects that they change or make again. The error is an
// *Error if the plan is wrong, a *state.LossError if privileges would be lost. The state is used up.
func Prove(ctx context.Context, base Base, files []Ways, replayed *state.State, goal Goal) ([]catalog.Effect, []Grants, []state.Outside, error) {
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
		if (!f.Renames || i == len(files)-1) && !state.SameOutside(goal.Before, replayed.Catalog, goal.Kept...) {
			_, was := state.Split(goal.Before, goal.Kept...)
			_, is := state.Split(replayed.Catalog, goal.Kept...)
			if was.Equal(is) {
				was, is = goal.Before, replayed.Catalog // it is a column's own sequence
			}
			return fail(&Error{File: f.Up.File, Outside: true, Differences: catalog.Diff(was, is)})
		}
	}
	if have, _ := state.Split(replayed.Catalog, goal.Kept...); !goal.Want.Equal(have) {
		return fail(&Error{File: files[len(files)-1].Up.File, Differences: catalog.Diff(goal.Want, have)})
	}
	downs := make([]Script, len(files))
	for i, f := range files {
		downs[i] = f.Down
	}
	last := len(base.Dir.Files()) - 1
	outside, err := replayed.Outside(ctx, leavesAlone(files, effects))
	if err != nil {
		return fail(err)
	}
	faults, err := leadBack(ctx, replayed, downs, states, func(ctx context.Context, n int) (*state.State, error) {
		s, err := state.Replay(ctx, base.Server, base.Dir, last, base.Options)
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

// leavesAlone says of an object's line whether files leave the object as it was, and don't
// drop it to make it again.
func leavesAlone(files []Ways, effects []catalog.Effect) func(catalog.Line) bool {
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
		return true // it gets back what it had
	}
}

func refused(file string, err error) error {
	var stmt *runner.StmtError
	if errors.As(err, &stmt) {
		return &Error{File: file, Err: stmt}
	}
	return err
}

// A fault is a way back that does not lead there.
type fault struct {
	script      Script
	err         *runner.StmtError    // the statement that failed, or
	differences []catalog.Difference // what is not as it was
}

// leadBack runs the ways back of files, the newest first, on s, which is after all of
// them, and returns those that do not lead to the state before their file. states holds
// the catalog after i files. After a way back that is missing or wrong the state is
// worked out again by rebuild, after n files. After the way back of file i that is right,
// finish is called. s is used up.
func leadBack(ctx context.Context, s *state.State, downs []Script, states []catalog.Catalog, rebuild func(ctx context.Context, n int) (*state.State, error), finish func(ctx context.Context, s *state.State, i int) error) ([]fault, error) {
	var faults []fault
	at := len(downs) // s stands after so many files; -1: nobody knows where
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
