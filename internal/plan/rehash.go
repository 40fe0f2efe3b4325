package plan

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// Rehash recomputes the sums of the migrations folder root, always, and measures the
// effects of the files up to the first that does not replay. If there is one the error
// names it, after the sums were written. cfg.Dir is the folder as it was read.
func Rehash(ctx context.Context, cfg Config, root string) error {
	s, path, replayErr := replayPath(ctx, cfg)
	if s != nil {
		defer s.Close()
	}
	effects := map[string]string{}
	files := cfg.Dir.Files()
	for i := 1; i < len(path); i++ {
		effects[files[i-1].Name] = catalog.Measure(path[i-1], path[i]).String()
	}
	for _, c := range cfg.Dir.Checkpoints() {
		effect, _, err := runCheckpoint(ctx, cfg, c.File)
		if err != nil {
			replayErr = cmp.Or(replayErr, err)
			continue
		}
		effects[c.Name] = effect.String()
	}
	if err := migration.Rehash(root, effects); err != nil {
		return errors.Join(err, replayErr)
	}
	var stmt *state.StmtError
	if errors.As(replayErr, &stmt) {
		return fmt.Errorf("the sums are written, but not the effects of %s and what follows it, because it does not replay: %w", stmt.File, replayErr)
	}
	return replayErr
}
