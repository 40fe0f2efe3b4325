package devdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// CreateRole creates a role that can't log in and of which the owner of the
// databases is a member, so that he may give objects and rights to it, or
// become it: then he may create in the databases as before. created
// is false if the role is there already: nothing is changed then. On a dev
// URL's server Close drops the role, and creating one takes CREATEROLE there
// (else SQLSTATE 42501).
func (s *Server) CreateRole(ctx context.Context, name string) (created bool, err error) {
	err = s.withAdmin(ctx, func(conn *pgx.Conn) error {
		// One implicit transaction. The comment says whose the role is.
		sql := fmt.Sprintf("CREATE ROLE %[1]s NOLOGIN IN ROLE %[4]s; COMMENT ON ROLE %[1]s IS '%[2]s'; GRANT %[1]s TO %[3]s",
			quote(name), s.prefix, quote(s.owner.User), quote(s.group))
		_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
		return err
	})
	switch pgsql.SQLState(err) {
	case pgsql.DuplicateObject, pgsql.UniqueViolation: // the latter when two create it at once
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("creating role %s on the dev server: %w", quote(name), err)
	}
	return true, nil
}
