package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// Rehash writes the sums of the migrations folder root, and the effects of the migrations before the first that
// fails. The error names that one, and any failing checkpoint, after everything else is written. base.Dir is the
// folder as it was read.
func Rehash(ctx context.Context, base proof.Base, root string) error {
	w := proof.NewWalk(base)
	checkpoints := w.Checkpoints()
	w.SkipMeasured()
	s, replayErr := w.Up(ctx)
	if s != nil {
		defer s.Close()
	}
	effects := w.Effects()
	for _, c := range checkpoints {
		effect, _, err := proof.RunCheckpoint(ctx, base, c.File)
		if err != nil {
			replayErr = cmp.Or(replayErr, err)
			continue
		}
		effects[c.Name] = effect.String()
	}
	if err := migration.Rehash(ctx, root, effects); err != nil {
		return errors.Join(err, replayErr)
	}
	w.Written(effects)
	var stmt *runner.StmtError
	if errors.As(replayErr, &stmt) {
		return fmt.Errorf("the sums are written, but not the effects of %s and of what follows it, because it fails: %w", stmt.File, replayErr)
	}
	return replayErr
}
