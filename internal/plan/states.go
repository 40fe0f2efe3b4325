package plan

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// states works out the replayed state by replay, and the desired one beside it.
func states(ctx context.Context, cfg Config, replay func(context.Context) (*state.State, error)) (replayed, desired *state.State, err error) {
	var replayErr, desiredErr error
	var g errgroup.Group
	g.Go(func() error {
		replayed, replayErr = replay(ctx)
		return nil
	})
	g.Go(func() error {
		desired, desiredErr = state.Desired(ctx, cfg.Server, cfg.SchemaName, cfg.Schema, cfg.Options)
		return nil
	})
	_ = g.Wait() // both errors matter, and both are kept
	// What PostgreSQL misses in an empty database may be what the migrations create
	// outside the schema file: a type, a function, an extension.
	var pg *pgconn.PgError
	if replayErr == nil && errors.As(desiredErr, &pg) && len(state.Unmanaged(replayed.Catalog)) > 0 {
		desired, desiredErr = state.DesiredOn(ctx, replayed, cfg.SchemaName, cfg.Schema)
	}
	if err := cmpErr(desiredErr, replayErr); err != nil {
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

// cmpErr returns the error to show: both are the user's to mend.
func cmpErr(a, b error) error { return errors.Join(a, b) }
