// Package devdb runs PostgreSQL for the tool itself: throwaway servers on which
// migrations are replayed, proven and linted, and the local server whose data
// is kept for a developer.
//
// A throwaway server is a copy of a cached template data directory, started
// with fsync off on a Unix socket in a folder that nobody else may enter. It
// dies with the process that started it; a folder that a killed process left
// behind is removed by the next Start.
package devdb

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// MinMajor is the oldest major version of PostgreSQL that is run or accepted.
const MinMajor = 13

// Config says which PostgreSQL Start gives.
type Config struct {
	// Dev is the dev database as atlas.hcl writes it.
	//
	//   - "": a throwaway server of the newest major found.
	//   - "docker://postgres/15/dev": a throwaway server of that major, without
	//     Docker. Another major is taken, and said on Log, if it isn't installed.
	//   - "postgres://...": an existing server whose user has CREATEDB. Only
	//     databases that Start's Server creates are touched there.
	Dev string
	// Log, if not nil, is told in one line what a user may want to know, such
	// as another major than the wanted one. Without a final newline.
	Log func(format string, args ...any)
}

func (c Config) logf(format string, args ...any) {
	if c.Log != nil {
		c.Log(format, args...)
	}
}

// Server is a PostgreSQL server on which databases are created and dropped at
// will. Its methods may be called by several goroutines at once.
type Server struct{}

// Start returns the server that cfg names, ready for connections. The server
// lives until Close, or until the process ends; ctx bounds the starting alone.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	return nil, errors.New("devdb: not built yet")
}

// Create returns a new, empty database owned by a role that is neither a
// superuser nor may create roles.
func (s *Server) Create(ctx context.Context) (*Database, error) { return nil, nil }

// Clone returns a new database that equals from, to which nobody may be
// connected.
func (s *Server) Clone(ctx context.Context, from *Database) (*Database, error) { return nil, nil }

// Admin returns a new connection to the maintenance database as the server's
// superuser, or as the dev URL's own user. The caller closes it.
func (s *Server) Admin(ctx context.Context) (*pgx.Conn, error) { return nil, nil }

// VersionNum returns the server's version as server_version_num has it: 150018
// for 15.18.
func (s *Server) VersionNum() int { return 0 }

// Close drops what was created, or stops a throwaway server and removes its
// folder. It may be called more than once.
func (s *Server) Close() error { return nil }

// Database is one database on a Server.
type Database struct {
	Name string
}

// Connect returns a new connection as the database's owner.
func (d *Database) Connect(ctx context.Context) (*pgx.Conn, error) {
	return pgx.ConnectConfig(ctx, d.ConnConfig())
}

// ConnConfig returns a new configuration to connect as the database's owner.
func (d *Database) ConnConfig() *pgx.ConnConfig { return nil }

// URL returns a postgres:// URL to connect as the database's owner. It may
// hold a password.
func (d *Database) URL() string { return "" }

// Drop drops the database and ends the sessions in it.
func (d *Database) Drop(ctx context.Context) error { return nil }
