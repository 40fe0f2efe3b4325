// Package history maintains a directory of migrations: it checks the whole, measures effects and sums again, moves a
// branch's migrations after those of its base, and makes checkpoints.
package history

import (
	"context"
	"errors"
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A CheckResult is the result of Check.
type CheckResult struct {
	// Files are the names of the checked migrations, in order.
	Files    []string
	Findings []proof.Finding
	// Outside is what schema.hcl doesn't manage in the migrations, except for what belongs to objects that plan would
	// change.
	Outside []state.Outside
}

// OK reports whether there are no findings.
func (r *CheckResult) OK() bool { return len(r.Findings) == 0 }

// Check reports whether a project is consistent: plan has nothing to write, sums and effects match, the queries about
// data steps have an answer, and every down file reverts its migration. Problems are findings. An error means that the
// check was impossible: a *runner.StmtError if a migration fails, a *schemahcl.Error if the schema file is wrong.
func Check(ctx context.Context, base proof.Base) (*CheckResult, error) {
	r, _, err := check(ctx, base)
	return r, err
}

// check is like Check. It also returns the walk through the migrations.
func check(ctx context.Context, base proof.Base) (*CheckResult, *proof.Walk, error) {
	r := &CheckResult{}
	for _, f := range base.Dir.Files() {
		r.Files = append(r.Files, f.Name)
	}
	if err := base.Dir.Verify(); err != nil {
		var sum *migration.SumError
		if !errors.As(err, &sum) {
			return nil, nil, err
		}
		r.Findings = append(r.Findings, proof.Finding{Kind: proof.FindingSum, File: sum.Sum, Text: err.Error()})
	}
	w := proof.NewWalk(base)
	// Remember what was proven, whatever else is found.
	defer w.Remember()
	checkpoints := w.Checkpoints()
	w.SkipProven(checkpoints)
	replayed, desired, err := proof.States(ctx, base, w.BothWays)
	if err != nil {
		return nil, nil, err
	}
	defer replayed.Close()
	defer desired.Close()
	r.Findings = append(r.Findings, w.CheckEffects()...)
	r.Findings = append(r.Findings, w.CheckQueries()...)
	differences, err := proof.Compare(ctx, replayed, desired)
	if err != nil {
		return nil, nil, err
	}
	r.Outside, err = replayed.Outside(ctx, func(l catalog.Line) bool {
		have, _ := replayed.Catalog.Def(l.Kind, l.Name)
		want, ok := desired.Catalog.Def(l.Kind, l.Name)
		return ok && have == want
	})
	if err != nil {
		return nil, nil, err
	}
	if len(differences) > 0 {
		r.Findings = append(r.Findings, proof.Finding{
			Kind:        proof.FindingPlan,
			Text:        fmt.Sprintf("%s and the migrations differ: run plan", base.SchemaName),
			Differences: differences,
		})
	}
	for _, c := range checkpoints {
		found, err := w.CheckCheckpoint(ctx, c)
		if err != nil {
			return nil, nil, err
		}
		r.Findings = append(r.Findings, found...)
	}
	downs, err := w.CheckDowns(ctx, replayed)
	if err != nil {
		return nil, nil, err
	}
	r.Findings = append(r.Findings, downs...)
	return r, w, nil
}
