package state

import (
	"context"
	"errors"
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// Restore returns the state of a new database in which pg_dump's output ran, and the statements that failed there: what
// they create is missing. It creates the roles that statements name.
func Restore(ctx context.Context, srv *devdb.Server, dump string, opts catalog.Options) (_ *State, failed []*runner.StmtError, err error) {
	stmts, err := DumpStatements(dump)
	if err != nil {
		return nil, nil, err
	}
	s, err := New(ctx, srv, opts)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	for _, stmt := range stmts {
		var e *runner.StmtError
		switch err := s.run(ctx, runner.Unit{Stmts: []pgsql.Stmt{stmt}, Mode: runner.Alone}, "pg_dump's output"); {
		case errors.As(err, &e) && pgsql.SQLState(err) != "" && ctx.Err() == nil:
			failed = append(failed, e)
		case err != nil:
			return nil, nil, err
		}
	}
	if err := s.renew(ctx); err != nil { // pg_dump has changed the session's settings
		return nil, nil, err
	}
	return s, failed, s.Refresh(ctx)
}

// DumpStatements returns the statements of pg_dump's output.
func DumpStatements(dump string) ([]pgsql.Stmt, error) {
	stmts, err := pgsql.Split(stripMeta(dump))
	if err != nil {
		return nil, fmt.Errorf("parsing pg_dump's output: %w", err)
	}
	return stmts, nil
}
