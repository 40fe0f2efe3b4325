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
// what keeps Check from looking: a migration that does not replay (*runner.StmtError), a
// schema file that makes no sense (*schemahcl.Error).
func Check(ctx context.Context, cfg Config) (*CheckResult, error) {
	r, _, err := check(ctx, cfg)
	return r, err
}

// check is Check; it also returns how it went through the migrations.
func check(ctx context.Context, cfg Config) (*CheckResult, *walk, error) {
	r := &CheckResult{}
	for _, f := range cfg.Dir.Files() {
		r.Files = append(r.Files, f.Name)
	}
	if err := cfg.Dir.Verify(); err != nil {
		var sum *migration.SumError
		if !errors.As(err, &sum) {
			return nil, nil, err
		}
		r.Findings = append(r.Findings, Finding{Kind: FindingSum, File: sum.Sum, Text: err.Error()})
	}
	w := newWalk(cfg)
	// What was proven is proven, whatever else is found.
	defer w.remember()
	checkpoints := w.checkpoints()
	for _, c := range checkpoints {
		w.needs(c.Through + 1)
	}
	w.skip(func(l *leg) bool { return w.known[l.effects] && w.known[l.downs] })
	replayed, desired, err := states(ctx, cfg, w.bothWays)
	if err != nil {
		return nil, nil, err
	}
	defer replayed.Close()
	defer desired.Close()
	r.Outside = state.Unmanaged(replayed.Catalog)
	for _, l := range w.legs {
		r.effects(w, l)
	}
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
	if err := r.checkpoints(ctx, w, checkpoints); err != nil {
		return nil, nil, err
	}
	if last := w.legs[len(w.legs)-1]; !last.whole {
		if err := w.back(ctx, last, replayed); err != nil {
			return nil, nil, err
		}
	}
	for _, l := range w.legs {
		r.Findings = append(r.Findings, l.wrong...)
		if l.whole && len(l.wrong) == 0 {
			w.proven(l.downs)
		}
	}
	return r, w, nil
}

// effects compares the effect files of a leg with what was measured.
func (r *CheckResult) effects(w *walk, l *leg) {
	before := len(r.Findings)
	for i := l.from; i < l.to && !l.skipped; i++ {
		r.effect(w.files[i], catalog.Measure(w.path[i], w.path[i+1]))
	}
	if l.whole && len(r.Findings) == before {
		w.proven(l.effects)
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
