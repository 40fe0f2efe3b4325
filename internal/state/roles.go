package state

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// undefinedObject is the SQLSTATE of a role that does not exist, among others.
const undefinedObject = "42704"

// Run runs the statements of a file as RunFile does. Roles that they name and that the
// server does not have are created: a migration grants to roles that stand in the real
// database, and a dev server has none of them. Afterwards the session is again as a file
// may expect it.
func (s *State) Run(ctx context.Context, stmts []pgsql.Stmt, txNone bool, file string) error {
	if err := s.run(ctx, stmts, txNone, file); err != nil {
		return err
	}
	if !ChangesSession(stmts) {
		return nil
	}
	if err := exec(ctx, s.db.native, "RESET SESSION AUTHORIZATION; RESET ALL"); err != nil {
		return fmt.Errorf("setting the session back after %s: %w", file, err)
	}
	return migration.Session(ctx, s.db.native, migration.SessionOptions{})
}

func (s *State) run(ctx context.Context, stmts []pgsql.Stmt, txNone bool, file string) error {
	for {
		n, err := runFile(ctx, s.db.native, stmts, txNone, file)
		if err == nil {
			return nil
		}
		var stmt *StmtError
		var pg *pgconn.PgError
		if !errors.As(err, &stmt) || !errors.As(err, &pg) || pg.Code != undefinedObject {
			return err
		}
		made, rerr := s.createRoles(ctx, roleNames(stmt.Stmt))
		if rerr != nil {
			return errors.Join(err, rerr)
		}
		if !made {
			return err
		}
		stmts = stmts[n:]
	}
}

// createRoles creates those of the named roles that are missing, and says whether there
// were any. The database's owner becomes a member, or he could give nothing to them.
func (s *State) createRoles(ctx context.Context, names []string) (bool, error) {
	if len(names) == 0 {
		return false, nil
	}
	admin, err := s.srv.Admin(ctx)
	if err != nil {
		return false, fmt.Errorf("connecting to create roles: %w", err)
	}
	defer admin.Close(context.WithoutCancel(ctx))
	rows, err := admin.Query(ctx, `SELECT n FROM unnest($1::text[]) n WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = n)`, names)
	if err != nil {
		return false, fmt.Errorf("looking for roles: %w", err)
	}
	var missing []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return false, fmt.Errorf("looking for roles: %w", err)
		}
		missing = append(missing, n)
	}
	if err := rows.Err(); err != nil {
		return false, fmt.Errorf("looking for roles: %w", err)
	}
	owner := s.db.native.Config().User
	for _, n := range missing {
		for _, sql := range []string{
			"CREATE ROLE " + pgsql.Ident(n) + " NOLOGIN",
			"GRANT " + pgsql.Ident(n) + " TO " + pgsql.Ident(owner),
		} {
			// Another command may have been quicker.
			var pg *pgconn.PgError
			if _, err := admin.Exec(ctx, sql); err != nil && !(errors.As(err, &pg) && pg.Code == "42710") {
				return false, fmt.Errorf("creating the role %s on the dev server: %w", pgsql.Ident(n), err)
			}
		}
	}
	return len(missing) > 0, nil
}

// roleNames returns the roles that a statement names: what is granted or revoked and to
// whom, new owners, the roles of policies and default privileges.
func roleNames(stmt string) []string {
	var names []string
	tokens := pgsql.Tokens(stmt)
	word := func(i int) string {
		if i < 0 || i >= len(tokens) || tokens[i].Kind != pgsql.Word {
			return ""
		}
		return strings.ToUpper(tokens[i].Text)
	}
	grant := word(0) == "GRANT" || word(0) == "REVOKE"
	policy := word(1) == "POLICY" || word(1) == "DEFAULT" // ALTER DEFAULT PRIVILEGES
	list := false                                         // a role may stand here
	for i, t := range tokens {
		switch w := word(i); {
		case w == "TO" && (grant || policy || word(i-1) == "OWNER"),
			w == "FROM" && (grant || policy),
			w == "BY" && (grant || word(i-1) == "GRANTED" || word(i-1) == "OWNED"),
			w == "AUTHORIZATION",
			(w == "ROLE" || w == "USER") && (word(0) == "SET" || word(i-1) == "FOR"):
			list = true
		case t.Kind == pgsql.Op && t.Text == ",":
			// The list goes on if it was one.
		case !list, notRole[w]:
			list = false
		case w != "":
			names = append(names, strings.ToLower(t.Text))
		case t.Kind == pgsql.QuotedIdent && strings.HasPrefix(t.Text, `"`):
			names = append(names, strings.ReplaceAll(t.Text[1:len(t.Text)-1], `""`, `"`))
		default:
			list = false
		}
	}
	return names
}

// notRole are words that stand where a role may stand and are none, or end the list.
var notRole = map[string]bool{
	"PUBLIC": true, "CURRENT_USER": true, "CURRENT_ROLE": true, "SESSION_USER": true, "NONE": true, "DEFAULT": true, "GROUP": true,
	"WITH": true, "USING": true, "GRANT": true, "REVOKE": true, "IN": true, "CASCADE": true, "RESTRICT": true, "GRANTED": true,
}

// CreateRoles creates those roles that the statement names and the server does not have, as Run does, and says whether there
// were any.
func (s *State) CreateRoles(ctx context.Context, stmt string) (bool, error) {
	return s.createRoles(ctx, roleNames(stmt))
}
