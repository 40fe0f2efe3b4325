package devdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// CreateRole creates a role that can't log in. The databases' owner is a member of it, so that it can give objects and
// privileges to the role, or switch to it and still create objects. If the role exists, CreateRole changes nothing and
// created is false. On a dev URL's server, the user needs CREATEROLE (else SQLSTATE 42501), and Close drops the role.
func (s *Server) CreateRole(ctx context.Context, name string) (created bool, err error) {
	err = s.withAdmin(ctx, func(conn *pgx.Conn) error {
		// This is one implicit transaction. The comment records which server created the role.
		sql := fmt.Sprintf("CREATE ROLE %[1]s NOLOGIN IN ROLE %[4]s; COMMENT ON ROLE %[1]s IS '%[2]s'; GRANT %[1]s TO %[3]s",
			quote(name), s.prefix, quote(s.owner.User), quote(s.group))
		_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
		return err
	})
	switch pgsql.SQLState(err) {
	case pgsql.DuplicateObject, pgsql.UniqueViolation: // the latter if two sessions create it at the same time
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("creating role %s on the dev server: %w", quote(name), err)
	}
	return true, nil
}
