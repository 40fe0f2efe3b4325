package state

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// Run runs the statements of a file in one transaction, or each on its own if txNone is set. file is the file's name in
// errors. If a statement fails, the error is a *runner.StmtError, and the transaction is rolled back.
//
// Run creates roles that the statements name and the server doesn't have, because migrations refer to roles of the real
// database. Afterwards it resets the session.
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
		if len(u.Stmts) > 1 && !u.Block() { // the whole file runs again
			if err := s.reset(ctx); err != nil {
				return err
			}
		}
	}
}

// reset makes the session like a new one before the next file.
func (s *State) reset(ctx context.Context) error {
	ok, err := s.db.run.Reset(ctx)
	if err != nil || ok {
		return err
	}
	return s.renew(ctx)
}

// CreateMissingRoles creates the missing roles that a failed statement names, as Run does, if it may have failed
// because of a missing role. It reports whether to run the statement again.
func (s *State) CreateMissingRoles(ctx context.Context, failed *runner.StmtError) (bool, error) {
	switch pgsql.SQLState(failed) {
	case pgsql.UndefinedObject, pgsql.InvalidParameterValue, // the latter is SET ROLE's
		pgsql.InsufficientPrivilege: // another run on the dev URL's server created the role
	default:
		return false, nil
	}
	names := rolesIn(failed)
	again, err := s.createRoles(ctx, names)
	if again || err != nil || pgsql.SQLState(failed) != pgsql.InsufficientPrivilege {
		return again, err
	}
	foreign, err := s.srv.ForeignRoles(ctx, names)
	if err == nil && len(foreign) > 0 {
		failed.Err = &foreignRoleError{failed.Err, foreign[0]}
	}
	return false, err
}

// rolesIn returns the roles that a failed statement names, except PostgreSQL's own. If it failed in a DO block or a
// function, the context quotes the inner statement.
func rolesIn(failed *runner.StmtError) []string {
	names := pgsql.Stmt{Text: failed.Stmt}.Roles()
	var pg *pgconn.PgError
	if errors.As(failed.Err, &pg) {
		for _, m := range inner.FindAllStringSubmatch(pg.Where, -1) {
			names = append(names, pgsql.Stmt{Text: m[1]}.Roles()...)
		}
	}
	// PostgreSQL reserves these names for its own roles.
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, "pg_") })
}

// A foreignRoleError means that a statement needs a role which the dev URL's server already had.
type foreignRoleError struct {
	err  error
	role string
}

func (e *foreignRoleError) Error() string { return e.err.Error() }
func (e *foreignRoleError) Unwrap() error { return e.err }

// Advice says what to do.
func (e *foreignRoleError) Advice() string {
	return fmt.Sprintf("the dev server has a role %s of its own, which migrations may not use there: use a dev server without it, or a throwaway one (dev = \"docker://postgres/15/dev\")", pgsql.Ident(e.role))
}

var inner = regexp.MustCompile(`(?s)"(.*?)"(?:\n|$)`)

// createRoles creates the missing ones of the named roles. It reports whether a role exists now that may not have
// existed when the statement ran, because this call or, meanwhile, another state created it.
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
