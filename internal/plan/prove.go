package plan

import (
	"context"
	"errors"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// prove runs the planned files on the replayed state and back again, and fills in their
// effects, and what is left alone. want is what the schema file says, before the replayed
// state's catalog when everything has its new name; the schemas named in kept stand outside
// of the file. The error is a *ProofError if the plan is wrong. The state is used up.
func (p *Plan) prove(ctx context.Context, cfg Config, replayed *state.State, want, before catalog.Catalog, kept []string) error {
	states := []catalog.Catalog{replayed.Catalog} // after i files
	for i := range p.Files {
		f := &p.Files[i]
		if err := replayed.Run(ctx, f.up.stmts, f.up.txNone, f.Name); err != nil {
			return refused(f.up.file, err)
		}
		if err := replayed.Refresh(ctx); err != nil {
			return err
		}
		states = append(states, replayed.Catalog)
		f.Effect = catalog.Measure(states[i], states[i+1])
		f.Draft.Effect = f.Effect.String()
		if (!f.renames || i == len(p.Files)-1) && !state.SameOutside(before, replayed.Catalog, kept...) {
			_, was := state.Split(before, kept...)
			_, is := state.Split(replayed.Catalog, kept...)
			if was.Equal(is) {
				was, is = before, replayed.Catalog // it is a column's own sequence
			}
			return &ProofError{File: f.up.file, Outside: true, Differences: catalog.Diff(was, is)}
		}
	}
	if have, _ := state.Split(replayed.Catalog, kept...); !want.Equal(have) {
		return &ProofError{File: p.Files[len(p.Files)-1].up.file, Differences: catalog.Diff(want, have)}
	}
	p.Outside = state.Unmanaged(replayed.Catalog)
	downs := make([]step, len(p.Files))
	for i, f := range p.Files {
		downs[i] = f.down
	}
	base := len(cfg.Dir.Files())
	faults, err := leadBack(ctx, replayed, downs, states, func(ctx context.Context, n int) (*state.State, error) {
		s, err := state.Replay(ctx, cfg.Server, cfg.Dir, base-1, cfg.Options)
		if err != nil {
			return nil, err
		}
		for _, f := range p.Files[:n] {
			if err := s.Run(ctx, f.up.stmts, f.up.txNone, f.Name); err != nil {
				s.Close()
				return nil, err
			}
		}
		return s, nil
	})
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return faults[0].proofError()
	}
	return nil
}

func refused(file string, err error) error {
	var stmt *runner.StmtError
	if errors.As(err, &stmt) {
		return &ProofError{File: file, Err: stmt}
	}
	return err
}

// A fault is a way back that does not lead there.
type fault struct {
	step        step
	err         *runner.StmtError    // the statement that failed, or
	differences []catalog.Difference // what is not as it was
}

func (f fault) proofError() *ProofError {
	return &ProofError{File: f.step.file, Err: f.err, Differences: f.differences}
}

// leadBack runs the ways back of files, the newest first, on s, which stands after all of
// them, and returns those that do not lead to the state before their file. states holds
// the catalog after i files. Behind a way back that is missing or wrong the state is
// worked out again by rebuild, after n files. s is used up.
func leadBack(ctx context.Context, s *state.State, downs []step, states []catalog.Catalog, rebuild func(ctx context.Context, n int) (*state.State, error)) ([]fault, error) {
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
		if d.none {
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
		if err := s.Run(ctx, d.stmts, d.txNone, d.file); err != nil {
			var stmt *runner.StmtError
			if !errors.As(err, &stmt) {
				return nil, err
			}
			faults = append(faults, fault{step: d, err: stmt})
			continue
		}
		if err := s.Refresh(ctx); err != nil {
			return nil, err
		}
		if !s.Catalog.Equal(states[i]) {
			faults = append(faults, fault{step: d, differences: catalog.Diff(states[i], s.Catalog)})
			continue
		}
		at = i
	}
	return faults, nil
}
