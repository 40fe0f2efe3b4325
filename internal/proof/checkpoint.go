package proof

import (
	"context"
	"errors"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// RunCheckpoint runs a checkpoint on an empty database, and returns its effect and the catalog after it.
func RunCheckpoint(ctx context.Context, base Base, f *migration.File) (catalog.Effect, catalog.Catalog, error) {
	s, err := state.Replay(ctx, base.Server, base.Dir, -1, base.Options)
	if err != nil {
		return catalog.Effect{}, catalog.Catalog{}, err
	}
	defer s.Close()
	empty := s.Catalog
	if err := s.Up(ctx, f); err != nil {
		return catalog.Effect{}, catalog.Catalog{}, err
	}
	if err := s.Refresh(ctx); err != nil {
		return catalog.Effect{}, catalog.Catalog{}, err
	}
	return catalog.Measure(empty, s.Catalog), s.Catalog, nil
}

// Checkpoints returns the checkpoints that are not yet proven.
func (w *Walk) Checkpoints() []*migration.Checkpoint {
	var open []*migration.Checkpoint
	for _, c := range w.base.Dir.Checkpoints() {
		if f := w.checkpointFact(c); w.known[f] {
			w.proven(f)
		} else {
			open = append(open, c)
		}
	}
	return open
}

// checkpointFact returns the fact that a checkpoint and its effect file are right.
func (w *Walk) checkpointFact(c *migration.Checkpoint) devdb.Fact {
	return w.fact("checkpoint", c.Through+1, []string{c.SQL, effectText(c.File)})
}

// CheckCheckpoint runs a checkpoint. It must produce the catalog of the migrations before it, which the walk must
// have run, and its effect file must hold all of that.
func (w *Walk) CheckCheckpoint(ctx context.Context, c *migration.Checkpoint) ([]Finding, error) {
	const advice = "; unless a database has started from it, delete it with its down and effect file and run checkpoint again"
	effect, have, err := RunCheckpoint(ctx, w.base, c.File)
	var stmt *runner.StmtError
	switch {
	case errors.As(err, &stmt):
		return []Finding{{Kind: FindingCheckpoint, File: c.Name, Line: stmt.Pos.Line, Text: "the checkpoint fails: " + stmt.Reason() + advice}}, nil
	case err != nil:
		return nil, err
	}
	found := CheckEffect(c.File, effect)
	if want := w.path[c.Through+1]; !have.Equal(want) {
		found = append(found, Finding{
			Kind: FindingCheckpoint, File: c.Name,
			Text:        "the checkpoint does not produce the schema of the migrations before it" + advice,
			Differences: catalog.Diff(want, have),
		})
	}
	if len(found) == 0 {
		w.proven(w.checkpointFact(c))
	}
	return found, nil
}
