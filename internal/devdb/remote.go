package devdb

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A dev URL's server is shared with others. Every object that is created on it has an id in its name, and a session of
// this process holds the advisory lock of that id. If the lock is free, the process was killed and the object is stale.
const remotePrefix = "ibutsu_dev_"

// CreateDBError means that the dev URL's user may not create databases.
type CreateDBError struct{ User string }

func (e *CreateDBError) Error() string {
	return fmt.Sprintf("the dev URL's user %s may not create databases: run %s on that server, or leave dev unset to use a throwaway server", quote(e.User), fix.AllowCreateDB(quote(e.User)))
}

// connectServer returns the server of a dev URL.
func connectServer(ctx context.Context, dev string, extensions []string, log logger) (*Server, error) {
	admin, base, err := parseDevURL(dev)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, admin.Copy())
	if err != nil {
		return nil, fmt.Errorf("connecting to the dev URL's server: %w", err)
	}
	s, err := setUpServer(ctx, conn, admin, base, extensions, log)
	if err != nil {
		conn.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	return s, nil
}

// parseDevURL returns the URL's configuration, and the URL without its user, database and schema. In Atlas, search_path
// names the only schema to manage; this tool manages whole databases.
func parseDevURL(dev string) (*pgx.ConnConfig, *url.URL, error) {
	// Errors of url.Parse may quote a part of a password.
	base, err := url.Parse(dev)
	if err != nil {
		return nil, nil, errors.New("reading dev: malformed postgres:// URL: special characters in a name or a password must be percent-encoded")
	}
	q := base.Query()
	q.Del("search_path")
	base.RawQuery = q.Encode()
	cfg, err := pgx.ParseConfig(base.String())
	if err != nil {
		if inner := errors.Unwrap(err); inner != nil {
			return nil, nil, fmt.Errorf("reading dev: malformed postgres:// URL: %w", inner)
		}
		return nil, nil, errors.New("reading dev: malformed postgres:// URL: it has an unknown setting or an invalid value")
	}
	for _, name := range []string{"user", "password", "dbname"} {
		q.Del(name)
	}
	base.RawQuery = q.Encode()
	return cfg, base, nil
}

func setUpServer(ctx context.Context, conn *pgx.Conn, admin *pgx.ConnConfig, base *url.URL, extensions []string, log logger) (*Server, error) {
	var id [8]byte
	rand.Read(id[:])
	s := &Server{
		admin: admin, owner: admin.Copy(), group: admin.User, base: base,
		prefix:   remotePrefix + hex.EncodeToString(id[:]) + "_",
		template: "template0", create: "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
		idle: make(chan *pgx.Conn, 4), log: log,
	}

	var super, createDB, createRole bool
	err := conn.QueryRow(ctx, `SELECT pg_catalog.current_setting('server_version_num')::int, rolsuper, rolcreatedb OR rolsuper, rolcreaterole
		FROM pg_catalog.pg_roles WHERE rolname = current_user`).Scan(&s.version, &super, &createDB, &createRole)
	if err != nil {
		return nil, fmt.Errorf("reading the version and the user's rights on the dev URL's server: %w", err)
	}
	if s.version < pgsql.OldestMajor*10000 {
		return nil, fmt.Errorf("the dev URL's server is PostgreSQL %d: the oldest supported version is %d", s.version/10000, pgsql.OldestMajor)
	}
	if !createDB {
		return nil, &CreateDBError{User: admin.User}
	}
	if len(extensions) > 0 && !super {
		return nil, fmt.Errorf("the dev URL's user %s isn't a superuser, so it can't create the extensions that %s in atlas.hcl lists: use another user, or leave dev unset to use a throwaway server", quote(admin.User), ExtensionsSetting)
	}
	if super {
		s.extensions = allowed(extensions, s.version/10000)
	}
	if s.version >= 150000 {
		s.create += " LOCALE_PROVIDER libc"
	}
	s.ownSchema = super && s.version < ownPublic*10000

	lock := int64(binary.BigEndian.Uint64(id[:]))
	if _, err := conn.Exec(ctx, "SELECT pg_catalog.pg_advisory_lock($1)", lock); err != nil {
		return nil, fmt.Errorf("locking the dev databases' names: %w", err)
	}
	sweepServer(ctx, conn, log)

	owner := ""
	if super || createRole {
		// Migrations may be untrusted code: they run without these rights.
		owner, s.group = s.prefix+"owner", s.prefix+"owners"
		password := rand.Text()
		// Every password authentication method accepts a SCRAM hash, but older servers use MD5 by default.
		sql := fmt.Sprintf("SET LOCAL password_encryption = 'scram-sha-256'; CREATE ROLE %[1]s; COMMENT ON ROLE %[1]s IS '%[2]s'; CREATE ROLE %[3]s LOGIN PASSWORD '%[4]s' IN ROLE %[1]s",
			quote(s.group), s.prefix, quote(owner), password)
		if !super {
			sql += fmt.Sprintf("; GRANT %s, %s TO CURRENT_USER", quote(s.group), quote(owner))
		}
		if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
			return nil, fmt.Errorf("creating an owner for the dev databases: %w", err)
		}
		s.owner.User, s.owner.Password = owner, password
	}
	s.stop = func() error { return s.cleanUp(conn, owner) }
	return s, nil
}

// cleanUp drops the server's databases and roles in the session that holds the lock, and ends the session.
func (s *Server) cleanUp(conn *pgx.Conn, owner string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	defer conn.Close(ctx)
	err := func() error {
		names, err := texts(ctx, conn, "SELECT datname FROM pg_catalog.pg_database WHERE pg_catalog.starts_with(datname, $1)", s.prefix)
		if err != nil {
			return err
		}
		var errs []error
		for _, name := range names {
			errs = append(errs, dropDatabase(ctx, conn, name))
		}
		roles, err := texts(ctx, conn, "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = $1 OR "+roleComment+" = $2", owner, s.prefix)
		errs = append(errs, err)
		for _, name := range roles {
			err := dropRole(ctx, conn, name)
			if pgsql.SQLState(err) == pgsql.DependentObjectsStillExist && s.othersRun(ctx, conn) {
				err = nil // another run uses the role too: the next run drops it
			}
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	}()
	if err != nil {
		return fmt.Errorf("cleaning up the dev URL's server: %w", err)
	}
	return nil
}

// othersRun reports whether other runs have databases on the server.
func (s *Server) othersRun(ctx context.Context, conn *pgx.Conn) bool {
	others, err := texts(ctx, conn, "SELECT datname FROM pg_catalog.pg_database WHERE datname ~ $1 AND NOT pg_catalog.starts_with(datname, $2)",
		"^"+marked, s.prefix)
	return err == nil && len(others) > 0
}

// marked matches the beginning of the names of databases and roles, and of the comments on roles, that the tool
// creates.
const marked = remotePrefix + "[0-9a-f]{16}_"

// sweepServer drops the databases and roles of killed processes that this user may drop.
func sweepServer(ctx context.Context, conn *pgx.Conn, log logger) {
	// pg_locks shows the advisory locks of all databases.
	unlocked := func(name string) string {
		return fmt.Sprintf(`%[1]s ~ '^%[2]s' AND NOT EXISTS (
			SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND objsubid = 1
			AND lpad(to_hex(classid::bigint), 8, '0') || lpad(to_hex(objid::bigint), 8, '0') = substr(%[1]s, %[3]d, 16))`,
			name, marked, len(remotePrefix)+1)
	}
	report := func(err error) {
		if err != nil {
			log.printf("dropping a killed run's databases and roles on the dev URL's server: %v", err)
		}
	}
	databases, err := texts(ctx, conn, "SELECT datname FROM pg_catalog.pg_database WHERE "+unlocked("datname")+
		" AND pg_catalog.pg_has_role(datdba, 'MEMBER')")
	report(err)
	for _, name := range databases {
		report(dropDatabase(ctx, conn, name))
	}
	roles, err := texts(ctx, conn, "SELECT rolname FROM pg_catalog.pg_roles WHERE ("+unlocked("rolname")+") OR ("+unlocked(roleComment)+")")
	report(err)
	for _, name := range roles {
		// Another user's roles are for that user's next run, and what another run uses for a later one.
		err := dropRole(ctx, conn, name)
		if state := pgsql.SQLState(err); state != pgsql.InsufficientPrivilege && state != pgsql.DependentObjectsStillExist {
			report(err)
		}
	}
}

// roleComment is the comment in which CreateRole records the server's prefix.
const roleComment = "pg_catalog.shobj_description(oid, 'pg_authid')"

func dropRole(ctx context.Context, conn *pgx.Conn, name string) error {
	_, err := conn.Exec(ctx, "DROP ROLE IF EXISTS "+quote(name))
	return err
}

func texts(ctx context.Context, conn *pgx.Conn, sql string, args ...any) ([]string, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
