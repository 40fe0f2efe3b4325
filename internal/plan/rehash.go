package plan

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// Rehash recomputes the sums of the migrations folder root, always, and measures the
// effects of the files up to the first that does not replay. If there is one the error
// names it, after the sums were written. cfg.Dir is the folder as it was read.
func Rehash(ctx context.Context, cfg Config, root string) error {
	w := newWalk(cfg)
	w.skip(func(l *leg) bool { return w.known[l.effects] })
	s, replayErr := w.up(ctx, func(*leg, *state.State) error { return nil })
	if s != nil {
		defer s.Close()
	}
	effects := map[string]string{}
	for _, l := range w.legs {
		for i := l.from; i < min(l.to, w.ran) && !l.skipped; i++ {
			effects[w.files[i].Name] = w.effect(i)
		}
	}
	for _, c := range w.checkpoints() {
		effect, _, err := runCheckpoint(ctx, cfg, c.File)
		if err != nil {
			replayErr = cmp.Or(replayErr, err)
			continue
		}
		effects[c.Name] = effect.String()
	}
	if err := migration.Rehash(ctx, root, effects); err != nil {
		return errors.Join(err, replayErr)
	}
	w.written(effects)
	var stmt *runner.StmtError
	if errors.As(replayErr, &stmt) {
		return fmt.Errorf("the sums are written, but not the effects of %s and what follows it, because it does not replay: %w", stmt.File, replayErr)
	}
	return replayErr
}
