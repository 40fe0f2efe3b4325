package proof

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// States makes the replayed state with replay, and the desired one at the same time. Both may be wrong because of the
// user, so both errors are returned.
func States(ctx context.Context, base Base, replay func(context.Context) (*state.State, error)) (replayed, desired *state.State, err error) {
	var replayErr, desiredErr error
	var wg sync.WaitGroup
	wg.Go(func() { replayed, replayErr = replay(ctx) })
	wg.Go(func() {
		desired, desiredErr = state.Desired(ctx, base.Server, base.SchemaName, base.Schema, base.Options)
	})
	wg.Wait()
	// What an empty database lacks may be what the migrations create and the schema file doesn't manage: a type, a
	// function, an extension, or the sequence of a serial column that the file no longer declares. An exclusion
	// constraint, which is carried over, may need the extension too.
	if replayErr == nil {
		lacks := errors.As(desiredErr, new(*pgconn.PgError)) && (state.HasUnmanaged(replayed.Catalog) || len(state.Sequences(replayed.Catalog)) > 0)
		if desiredErr == nil && state.HasExclusions(replayed.Catalog) {
			desired.Close()
			lacks = true
		}
		if lacks {
			desired, desiredErr = state.DesiredOn(ctx, replayed, base.SchemaName, base.Schema)
		}
	}
	if err := errors.Join(desiredErr, replayErr); err != nil {
		if replayed != nil {
			replayed.Close()
		}
		if desired != nil {
			desired.Close()
		}
		return nil, nil, err
	}
	return replayed, desired, nil
}
