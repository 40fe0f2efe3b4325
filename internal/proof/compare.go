package proof

import (
	"context"
	"errors"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// Differences returns how the schema of migrations differs from that of the schema file, which is what plan would
// write a migration for. replayed is the state after the migrations; it is closed if there is an error. Of base, the
// server, the schema file and the options are used. The error is a *schemahcl.Error if the schema file is wrong.
func Differences(ctx context.Context, base Base, replayed *state.State) ([]catalog.Difference, error) {
	replayed, desired, err := States(ctx, base, func(context.Context) (*state.State, error) { return replayed, nil })
	if err != nil {
		return nil, err
	}
	defer desired.Close()
	return Compare(ctx, replayed, desired)
}

// Compare is like Differences for a state that was made from the schema file.
func Compare(ctx context.Context, replayed, desired *state.State) ([]catalog.Difference, error) {
	// What would be lost counts as a difference.
	var lost *state.LossError
	if err := state.CarryOver(ctx, replayed, desired); err != nil && !errors.As(err, &lost) {
		return nil, err
	}
	unmanaged, err := replayed.UnmanagedSchemas(ctx, desired.Catalog)
	if err != nil {
		return nil, err
	}
	have, _ := state.Split(replayed.Catalog, unmanaged...)
	want, _ := state.Split(desired.Catalog, unmanaged...)
	if want.Equal(have) {
		return nil, nil
	}
	return catalog.Diff(want, have), nil
}

// Downs runs the down files of migrations, the newest first, on s, the state after all of them, and returns what is
// wrong with them. path holds the catalog before the first migration and after each; rebuild makes the state after n
// of them. Downs leaves s in an undefined condition.
func Downs(ctx context.Context, s *state.State, files []*migration.File, path []catalog.Catalog, rebuild func(ctx context.Context, n int) (*state.State, error)) ([]Finding, error) {
	var scripts []Script
	var found []Finding
	for _, f := range files {
		d := Script{File: migration.DownDir + "/" + f.Name}
		switch {
		case f.Down == nil:
			d.None = true
			found = append(found, Finding{Kind: FindingDown, File: d.File, Text: "the down file of " + f.Name +
				" is missing: write one, or write in it that the migration cannot be reverted (\"-- alembic:down none REASON\"), and run rehash"})
		case f.Down.None != "":
			d.None = true
		default:
			d.Stmts, d.TxNone = f.Down.Stmts, f.Down.TxNone
		}
		scripts = append(scripts, d)
	}
	faults, err := revert(ctx, s, scripts, path, rebuild, func(context.Context, *state.State, int) error { return nil })
	if err != nil {
		return nil, err
	}
	for _, f := range slices.Backward(faults) {
		finding := Finding{Kind: FindingDown, File: f.script.File, Differences: f.differences}
		if f.err != nil {
			finding.Line = f.err.Pos.Line
			finding.Text = "the down file fails: " + f.err.Reason()
		} else {
			finding.Text = "the down file does not revert its migration"
		}
		found = append(found, finding)
	}
	return found, nil
}
