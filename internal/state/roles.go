package state

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// Run runs the statements of a file: in one transaction, or each on its own if txNone is set.
// file is the name that errors bear. If a statement fails the error is a *runner.StmtError, and of
// a file with a transaction nothing remains.
//
// Roles that the statements name and that the
// server does not have are created: a migration grants to roles that stand in the real
// database, and a dev server has none of them. Afterwards the session is again as a file
// may expect it.
func (s *State) Run(ctx context.Context, stmts []pgsql.Stmt, txNone bool, file string) error {
	for _, u := range runner.Cut(stmts, txNone) {
		if err := s.run(ctx, u, file); err != nil {
			return err
		}
	}
	if err := s.reset(ctx); err != nil {
		return fmt.Errorf("after %s: %w", file, err)
	}
	return nil
}

func (s *State) run(ctx context.Context, u runner.Unit, file string) error {
	for {
		err := s.db.run.Run(ctx, u, runner.Hooks{})
		if err == nil {
			return nil
		}
		var stmt *runner.StmtError
		if !errors.As(err, &stmt) {
			return err
		}
		stmt.File = file
		made, rerr := s.CreateMissingRoles(ctx, stmt)
		if rerr != nil {
			return errors.Join(err, rerr)
		}
		if !made {
			return err
		}
		if len(u.Stmts) > 1 { // a whole file, which begins again
			if err := s.reset(ctx); err != nil {
				return err
			}
		}
	}
}

// reset gives the next file a session as a connection of its own would.
func (s *State) reset(ctx context.Context) error {
	ok, err := s.db.run.Reset(ctx)
	if err != nil || ok {
		return err
	}
	return s.renew(ctx)
}

// CreateMissingRoles sees to it that the roles that a statement names exist, as Run does, if the statement failed
// as one does for want of a role. It reports whether running the statement again is worth it.
func (s *State) CreateMissingRoles(ctx context.Context, failed *runner.StmtError) (bool, error) {
	var pg *pgconn.PgError
	if !errors.As(failed.Err, &pg) {
		return false, nil
	}
	switch pg.Code {
	case pgsql.UndefinedObject, pgsql.InvalidParameterValue: // the latter is SET ROLE's
		names := pgsql.Stmt{Text: failed.Stmt}.Roles()
		// Where a block or a function failed, the statement in it is quoted.
		for _, m := range inner.FindAllStringSubmatch(pg.Where, -1) {
			names = append(names, pgsql.Stmt{Text: m[1]}.Roles()...)
		}
		return s.createRoles(ctx, names)
	}
	return false, nil
}

var inner = regexp.MustCompile(`(?s)"(.*?)"(?:\n|$)`)

// createRoles creates those of the named roles that are missing, and reports whether any is there that may not have been
// when the statement ran: one that this call created, or one that another state created meanwhile.
func (s *State) createRoles(ctx context.Context, names []string) (again bool, err error) {
	for _, name := range names {
		created, err := s.srv.CreateRole(ctx, name)
		if err != nil {
			return again, err
		}
		again = again || created || !s.roles[name]
		if s.roles == nil {
			s.roles = map[string]bool{}
		}
		s.roles[name] = true
	}
	return again, nil
}
