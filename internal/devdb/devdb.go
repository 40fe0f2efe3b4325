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
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"

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
	// States are the names of states that a throwaway server may begin with, the
	// best first: it begins with the first of them that an earlier server has
	// kept (SaveState) and that is still in the cache. The names are the caller's; a
	// state is only ever found by a server of the very same version and binaries.
	States []string
	// Log, if not nil, is told in one line what a user may want to know, such
	// as another major than the wanted one. Without a final newline.
	Log func(format string, args ...any)
}

// Server is a PostgreSQL server on which databases are created and dropped at
// will. Its methods may be called by several goroutines at once.
type Server struct {
	version   int
	admin     *pgx.ConnConfig // the maintenance database
	owner     *pgx.ConnConfig // who connects to a database; Database is the one to fill in
	group     string          // owns the databases; owner and the roles that CreateRole creates are its members
	prefix    string          // of the names of databases
	create    string          // CREATE DATABASE's options for an empty database
	clone     string          // and for a copy
	template  string
	ownSchema bool     // schema public has to be given to the owner
	base      *url.URL // of a dev URL's server
	made      atomic.Int64
	idle      chan *pgx.Conn // admin connections between two uses
	state     string         // that it began with, of Config.States
	saves     bool
	factsFile string // "": nothing is remembered
	log       logger

	mu        sync.Mutex
	save      *snapshot
	snapshots map[string]*snapshot // of states, by name

	close    sync.Once
	closeErr error
	stop     func() error
}

// Start returns the server that cfg names, ready for connections. The server
// lives until Close, or until the process ends; ctx bounds the starting alone.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	log := logger(cfg.Log)
	dev, err := parseDev(cfg.Dev)
	if err != nil {
		return nil, err
	}
	if dev.url != "" {
		return connectServer(ctx, dev.url, log)
	}
	return startThrowaway(ctx, dev.major, cfg.States, log)
}

// VersionNum returns the server's version as server_version_num has it: 150018
// for 15.18.
func (s *Server) VersionNum() int { return s.version }

// Admin returns a new connection to the maintenance database as the server's
// superuser, or as the dev URL's own user. The caller closes it.
func (s *Server) Admin(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, s.admin.Copy())
	if err != nil {
		return nil, fmt.Errorf("connecting to the dev server: %w", err)
	}
	return conn, nil
}

// withAdmin lends f an admin connection that nobody else uses meanwhile.
func (s *Server) withAdmin(ctx context.Context, f func(*pgx.Conn) error) error {
	var conn *pgx.Conn
	select {
	case conn = <-s.idle:
	default:
		var err error
		if conn, err = s.Admin(ctx); err != nil {
			return err
		}
	}
	err := f(conn)
	if conn.IsClosed() {
		return err
	}
	select {
	case s.idle <- conn:
	default:
		conn.Close(context.WithoutCancel(ctx))
	}
	return err
}

// Close drops what was created, or stops a throwaway server and removes its
// folder. Only the first call does anything; all return its error.
func (s *Server) Close() error {
	s.close.Do(func() {
		for {
			select {
			case conn := <-s.idle:
				conn.Close(context.Background())
				continue
			default:
			}
			break
		}
		s.closeErr = s.stop()
	})
	return s.closeErr
}

type logger func(format string, args ...any)

func (l logger) printf(format string, args ...any) {
	if l != nil {
		l(format, args...)
	}
}
