package devdb

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Database is one database on a Server.
type Database struct {
	Name string

	server *Server
}

// Create returns a new, empty database. The role that connects to it owns it, through a group, and can be neither a
// superuser nor create roles.
func (s *Server) Create(ctx context.Context) (*Database, error) {
	db := s.name()
	if err := s.createDatabase(ctx, db.Name, s.template, s.create); err != nil {
		return nil, fmt.Errorf("creating a dev database: %w", err)
	}
	if s.ownSchema {
		if err := giveSchema(ctx, s.admin, db.Name, s.group); err != nil {
			return nil, fmt.Errorf("giving a dev database to its owner: %w", err)
		}
	}
	if err := s.allowExtensions(ctx, db.Name); err != nil {
		return nil, fmt.Errorf("preparing a dev database for extensions: %w", err)
	}
	return db, nil
}

// Clone returns a copy of the database from, with the same owner. Sessions in from must have ended or be about to end,
// because PostgreSQL doesn't copy a database that is in use (SQLSTATE 55006).
func (s *Server) Clone(ctx context.Context, from *Database) (*Database, error) {
	db := s.name()
	if err := s.cloneAs(ctx, db, from); err != nil {
		return nil, fmt.Errorf("cloning dev database %s: %w", from.Name, err)
	}
	return db, nil
}

func (s *Server) cloneAs(ctx context.Context, db, from *Database) error {
	err := s.withAdmin(ctx, func(conn *pgx.Conn) error { return awaitEmpty(ctx, conn, from.Name) })
	if err != nil {
		return err
	}
	return s.createDatabase(ctx, db.Name, from.Name, s.clone)
}

func (s *Server) name() *Database {
	return &Database{Name: s.prefix + strconv.FormatInt(s.made.Add(1), 10), server: s}
}

func (s *Server) createDatabase(ctx context.Context, name, template, options string) error {
	return s.withAdmin(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE %s %s",
			quote(name), quote(s.group), quote(template), options))
		return err
	})
}

// ownPublic is the first major version in which a database's owner owns its schema public. Before, the superuser does.
const ownPublic = 15

// giveSchema makes owner the owner of a database's schema public.
func giveSchema(ctx context.Context, admin *pgx.ConnConfig, database, owner string) error {
	cfg := admin.Copy()
	cfg.Database = database
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, "ALTER SCHEMA public OWNER TO "+quote(owner))
	return err
}

// awaitEmpty waits up to 100 ms for the sessions of a database to end. A backend briefly outlives its closed
// connection, and CREATE and DROP DATABASE poll only every 100 ms.
func awaitEmpty(ctx context.Context, conn *pgx.Conn, name string) error {
	for deadline := time.Now().Add(100 * time.Millisecond); ; time.Sleep(time.Millisecond) {
		var busy bool
		err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE datname = $1)", name).Scan(&busy)
		if err != nil || !busy || time.Now().After(deadline) {
			return err
		}
	}
}

// Connect returns a new connection as the database's owner. The caller closes it.
func (d *Database) Connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, d.ConnConfig())
	if err != nil {
		return nil, fmt.Errorf("connecting to dev database %s as its owner: %w", d.Name, err)
	}
	return conn, nil
}

// ConnConfig returns a new configuration to connect as the database's owner.
func (d *Database) ConnConfig() *pgx.ConnConfig {
	cfg := d.server.owner.Copy()
	cfg.Database = d.Name
	return cfg
}

// MigrationConfig is like ConnConfig for a connection on which migrations run, within the limits of [Server.Bound].
func (d *Database) MigrationConfig() *pgx.ConnConfig {
	cfg := d.ConnConfig()
	cfg.MaxProtocolMessageBodyLen = MaxMessage
	// A statement that exceeds a limit is canceled, and the connection can still be used.
	cfg.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: 3 * time.Second}
	}
	return cfg
}

// URL returns a postgres:// URL to connect as the database's owner. On a dev URL's server it contains a password.
func (d *Database) URL() string {
	if d.server.base == nil {
		return socketURL(d.ConnConfig())
	}
	cfg := d.ConnConfig()
	u := *d.server.base
	u.Path = "/" + cfg.Database
	u.User = url.User(cfg.User)
	if cfg.Password != "" {
		u.User = url.UserPassword(cfg.User, cfg.Password)
	}
	return u.String()
}

// Drop drops the database and terminates the sessions in it. It is not an error if the database doesn't exist.
func (d *Database) Drop(ctx context.Context) error {
	err := d.server.withAdmin(ctx, func(conn *pgx.Conn) error { return dropDatabase(ctx, conn, d.Name) })
	if err != nil {
		return fmt.Errorf("dropping dev database %s: %w", d.Name, err)
	}
	return nil
}

// maxDiscarded is how many discarded databases a server keeps. A server that stops removes them all at once, which is
// faster than to drop each.
const maxDiscarded = 24

// Discard says that nothing uses the database any more and that there is no session in it. The server drops it when it
// has many such databases, so that a long run doesn't fill its folder. It reports errors to its log.
func (d *Database) Discard() {
	s := d.server
	s.mu.Lock()
	s.discarded = append(s.discarded, d)
	var oldest *Database
	if len(s.discarded) > maxDiscarded {
		oldest, s.discarded = s.discarded[0], s.discarded[1:]
	}
	s.mu.Unlock()
	if oldest == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := oldest.Drop(ctx); err != nil {
		s.log.printf("%v", err)
	}
}

func dropDatabase(ctx context.Context, conn *pgx.Conn, name string) error {
	force := " WITH (FORCE)"
	if pgsql.MajorVersion(conn.PgConn().ParameterStatus("server_version")) < 13 {
		// Nobody can connect again between the end of the sessions and the drop.
		force = ""
		_, err := conn.Exec(ctx, fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS false", quote(name)))
		if pgsql.SQLState(err) == pgsql.InvalidCatalogName {
			return nil
		}
		if err != nil {
			return err
		}
	}
	var ended int
	err := conn.QueryRow(ctx, "SELECT count(pg_catalog.pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity WHERE datname = $1", name).Scan(&ended)
	if err == nil && ended > 0 {
		err = awaitEmpty(ctx, conn, name)
	}
	if err != nil {
		return err
	}
	drop := func() error {
		_, err := conn.Exec(ctx, fmt.Sprintf("DROP DATABASE IF EXISTS %s", quote(name))+force)
		return err
	}
	if err = drop(); pgsql.SQLState(err) == pgsql.WrongObjectType { // a migration made it a template
		if _, err = conn.Exec(ctx, fmt.Sprintf("ALTER DATABASE %s WITH IS_TEMPLATE false", quote(name))); err == nil {
			err = drop()
		}
	}
	return err
}

// quote quotes a name even if it needs no quotes.
func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// socketConfig returns a configuration for the server on the socket in folder dir. It ignores the PG* environment
// variables.
func socketConfig(dir, user, database string) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(fmt.Sprintf("host='%s' port=%s user='%s' dbname='%s' sslmode=disable target_session_attrs=any",
		strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(dir), port, user, database))
	if err != nil {
		return nil, err
	}
	cfg.Password = ""
	cfg.Fallbacks = nil
	cfg.RuntimeParams = map[string]string{}
	return cfg, nil
}

// socketURL returns a socketConfig as a URL that psql, pgx and lib/pq understand.
func socketURL(cfg *pgx.ConnConfig) string {
	u := url.URL{Scheme: "postgres", User: url.User(cfg.User), Path: "/" + cfg.Database}
	u.RawQuery = "host=" + strings.ReplaceAll(url.QueryEscape(cfg.Host), "%2F", "/") + "&sslmode=disable"
	return u.String()
}

// port is part of the socket file's name, .s.PGSQL.5432. No network port is opened.
const port = "5432"
