package devdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// CreateRole creates a role that can't log in. The databases' owner is a member of it, so that it can give objects and
// privileges to the role, or switch to it and still create objects. If the role exists, created is false; one that
// another run created is shared, any other is left as it is. On a dev URL's server, the user needs CREATEROLE (else
// SQLSTATE 42501), and Close drops the role.
func (s *Server) CreateRole(ctx context.Context, name string) (created bool, err error) {
	err = s.withAdmin(ctx, func(conn *pgx.Conn) error {
		// This is one implicit transaction. The comment records which server created the role.
		sql := fmt.Sprintf("CREATE ROLE %[1]s NOLOGIN IN ROLE %[4]s; COMMENT ON ROLE %[1]s IS '%[2]s'; GRANT %[1]s TO %[3]s",
			quote(name), s.prefix, quote(s.owner.User), quote(s.group))
		_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
		switch pgsql.SQLState(err) {
		case pgsql.DuplicateObject, pgsql.UniqueViolation: // the latter if two sessions create it at the same time
			return s.share(ctx, conn, name)
		}
		created = err == nil
		return err
	})
	if err != nil {
		return false, fmt.Errorf("creating role %s on the dev server: %w", quote(name), err)
	}
	return created, nil
}

// share makes the databases' owner a member of a role that another run created.
func (s *Server) share(ctx context.Context, conn *pgx.Conn, name string) error {
	if s.base == nil {
		return nil
	}
	others, err := texts(ctx, conn, "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = $1 AND "+roleComment+" ~ $2", name, "^"+marked+"$")
	if err != nil || len(others) == 0 {
		return err
	}
	_, err = conn.PgConn().Exec(ctx, fmt.Sprintf("GRANT %[1]s TO %[2]s; GRANT %[3]s TO %[1]s", quote(name), quote(s.owner.User), quote(s.group))).ReadAll()
	return err
}

// ForeignRoles returns those of the named roles that exist on a dev URL's server and that the tool didn't create. The
// databases' owner isn't a member of them.
func (s *Server) ForeignRoles(ctx context.Context, names []string) (foreign []string, err error) {
	if s.base == nil {
		return nil, nil
	}
	err = s.withAdmin(ctx, func(conn *pgx.Conn) error {
		foreign, err = texts(ctx, conn, "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = ANY ($1) AND "+roleComment+" ~ $2 IS NOT TRUE AND rolname !~ $2",
			names, "^"+marked)
		return err
	})
	return foreign, err
}
