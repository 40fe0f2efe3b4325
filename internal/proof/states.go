package proof

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// States works out the replayed state by replay, and the desired one beside it. What is
// wrong with either is the user's to mend, so both are told.
func States(ctx context.Context, base Base, replay func(context.Context) (*state.State, error)) (replayed, desired *state.State, err error) {
	var replayErr, desiredErr error
	var wg sync.WaitGroup
	wg.Go(func() { replayed, replayErr = replay(ctx) })
	wg.Go(func() {
		desired, desiredErr = state.Desired(ctx, base.Server, base.SchemaName, base.Schema, base.Options)
	})
	wg.Wait()
	// What PostgreSQL misses in an empty database may be what the migrations create
	// outside the schema file: a type, a function, an extension; or the sequence of a serial
	// column that the file does not declare any more.
	var pg *pgconn.PgError
	if replayErr == nil && errors.As(desiredErr, &pg) && (state.HasUnmanaged(replayed.Catalog) || len(state.Sequences(replayed.Catalog)) > 0) {
		desired, desiredErr = state.DesiredOn(ctx, replayed, base.SchemaName, base.Schema)
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
