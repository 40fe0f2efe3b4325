package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// FindingKind is what a Finding is about.
type FindingKind string

const (
	FindingPlan   FindingKind = "plan"   // plan would write something
	FindingSum    FindingKind = "sum"    // a sum file does not fit
	FindingEffect FindingKind = "effect" // an effect file is missing or says something else
	FindingDown   FindingKind = "down"   // a down file is missing or does not lead back

	FindingCheckpoint FindingKind = "checkpoint" // a checkpoint does not give what the migrations before it do
)

// A Finding is something that is not in order.
type Finding struct {
	Kind FindingKind
	// File is the file that it is about, relative to the migrations folder; empty for
	// FindingPlan, which is about the schema file.
	File string
	// Line is 1-based, 0 if the whole file is meant.
	Line int
	// Text says what is wrong and what to do.
	Text string
	// Differences are what it is about in particular, if anything.
	Differences []catalog.Difference
}

// A CheckResult is what Check found.
type CheckResult struct {
	// Files are the names of the migrations looked at, in order.
	Files    []string
	Findings []Finding
	// Outside are the objects of the migrations that stand outside schema.hcl.
	Outside []state.Outside
}

// OK says whether nothing was found.
func (r *CheckResult) OK() bool { return len(r.Findings) == 0 }

// Check tells whether the project is in order: plan has nothing to write, sums and effects
// are right, and every down file leads back. What is not is a Finding; the error is for
// what keeps Check from looking: a migration that does not replay (*state.StmtError), a
// schema file that makes no sense (*state.SchemaError).
func Check(ctx context.Context, cfg Config) (*CheckResult, error) {
	r, _, err := check(ctx, cfg)
	return r, err
}

// check is Check; it also returns the catalog after every number of files.
func check(ctx context.Context, cfg Config) (*CheckResult, []catalog.Catalog, error) {
	r := &CheckResult{}
	for _, f := range cfg.Dir.Files() {
		r.Files = append(r.Files, f.Name)
	}
	if err := cfg.Dir.Verify(); err != nil {
		var sum *migration.SumError
		if !errors.As(err, &sum) {
			return nil, nil, err
		}
		r.Findings = append(r.Findings, Finding{Kind: FindingSum, File: migration.SumFile, Text: err.Error()})
	}
	var path []catalog.Catalog
	replayed, desired, err := states(ctx, cfg, func(ctx context.Context) (s *state.State, err error) {
		s, path, err = replayPath(ctx, cfg)
		return s, err
	})
	if err != nil {
		return nil, nil, err
	}
	defer replayed.Close()
	defer desired.Close()
	r.Outside = state.Unmanaged(replayed.Catalog)
	r.effects(cfg.Dir, path)
	differences, err := differences(ctx, replayed, desired)
	if err != nil {
		return nil, nil, err
	}
	if len(differences) > 0 {
		r.Findings = append(r.Findings, Finding{
			Kind:        FindingPlan,
			Text:        fmt.Sprintf("%s and the migrations differ: run plan", cfg.SchemaName),
			Differences: differences,
		})
	}
	if err := r.checkpoints(ctx, cfg, path); err != nil {
		return nil, nil, err
	}
	if err := r.downs(ctx, cfg, replayed, path); err != nil {
		return nil, nil, err
	}
	return r, path, nil
}

// replayPath replays the directory and returns the catalog after every number of files.
// After an error those that it came to are returned with it.
func replayPath(ctx context.Context, cfg Config) (*state.State, []catalog.Catalog, error) {
	s, err := state.Replay(ctx, cfg.Server, cfg.Dir, -1, cfg.Options)
	if err != nil {
		return nil, nil, err
	}
	path := []catalog.Catalog{s.Catalog}
	for _, f := range cfg.Dir.Files() {
		err := s.Up(ctx, f)
		if err == nil {
			err = s.Refresh(ctx)
		}
		if err != nil {
			s.Close()
			return nil, path, err
		}
		path = append(path, s.Catalog)
	}
	return s, path, nil
}

// effects compares the effect files with what was measured.
func (r *CheckResult) effects(dir *migration.Dir, path []catalog.Catalog) {
	for i, f := range dir.Files() {
		r.effect(f, catalog.Measure(path[i], path[i+1]))
	}
}

// effect compares one effect file with what was measured.
func (r *CheckResult) effect(f *migration.File, want catalog.Effect) {
	finding := Finding{Kind: FindingEffect, File: effectFile(f)}
	have, err := catalog.ParseEffect(f.Effect)
	switch {
	case !f.HasEffect:
		finding.Text = "the effect of " + f.Name + " is missing: run rehash"
	case err != nil:
		finding.Text = err.Error() + ": run rehash"
	case !slices.Equal(have.Add, want.Add) || !slices.Equal(have.Remove, want.Remove):
		finding.Text = "this is not the effect of " + f.Name + ": run rehash and look at the difference"
	default:
		return
	}
	r.Findings = append(r.Findings, finding)
}

func effectFile(f *migration.File) string {
	return migration.EffectDir + "/" + strings.TrimSuffix(f.Name, ".sql") + ".txt"
}

// downs runs every down file from the state after its migration.
func (r *CheckResult) downs(ctx context.Context, cfg Config, s *state.State, path []catalog.Catalog) error {
	found, err := Downs(ctx, s, cfg.Dir.Files(), path, func(ctx context.Context, n int) (*state.State, error) {
		return state.Replay(ctx, cfg.Server, cfg.Dir, n-1, cfg.Options)
	})
	r.Findings = append(r.Findings, found...)
	return err
}
