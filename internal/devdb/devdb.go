// Package devdb runs PostgreSQL for the tool itself: throwaway servers on which migrations are replayed, proven and
// linted, and a developer's local server, whose data persists. It knows how to find, start and stop servers and what it
// may cache. It doesn't know what is in a database.
//
// A throwaway server runs on a copy of a cached template data directory, with fsync off, on a Unix socket in a folder
// that no other user may enter. It ends with the process that started it. If that process is killed, the next Start
// removes the folder.
package devdb

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// Config selects the PostgreSQL server that Start returns.
type Config struct {
	// Dev is the dev database in the form that atlas.hcl uses.
	//
	//   - "": a throwaway server of the newest installed major version.
	//   - "docker://postgres/15/dev": a throwaway server of that major version, without Docker. If it isn't installed,
	//     Start uses another one and reports that to Log.
	//   - "postgres://...": an existing server whose user has CREATEDB. Only databases that the Server
	//     creates are touched.
	Dev string
	// States are the names of the states that a throwaway server may begin with, the best first. It begins with the
	// first one that an earlier server saved (SaveState) and that is still in the cache. The caller chooses the names.
	// Servers of another version or with other binaries don't find a state. With nil, SaveState does nothing.
	States []string
	// Extensions are those that migrations may create although only a superuser may. On a dev URL's server, its user
	// must be a superuser.
	Extensions []string
	// Limits bound what migrations use on the server.
	Limits Limits
	// Log, if not nil, receives one line, without a newline, for each event that a user may want to know about, such as
	// the use of another major version.
	Log func(format string, args ...any)
}

// Server is a PostgreSQL server on which databases can be created and dropped. Its methods are safe for concurrent use.
type Server struct {
	version    int
	admin      *pgx.ConnConfig // the maintenance database
	owner      *pgx.ConnConfig // of the role that connects to databases, without Database
	group      string          // the role that owns the databases; its members are owner and the roles of CreateRole
	prefix     string          // of databases' names
	create     string          // options of CREATE DATABASE for an empty database
	clone      string          // options of CREATE DATABASE for a copy
	template   string
	ownSchema  bool     // schema public must be given to the owner
	base       *url.URL // of a dev URL's server, else nil
	made       atomic.Int64
	idle       chan *pgx.Conn // idle admin connections
	state      string         // the state that the server began with, with stateSuffix
	extensions []string
	saves      bool   // whether SaveState does anything
	factsFile  string // "" if facts aren't stored
	log        logger
	budget     *budget
	// stateSuffix is appended to the names of saved states: the extensionsKey, or "" without extensions.
	stateSuffix string

	mu        sync.Mutex
	save      *snapshot            // the one that Close stores
	snapshots map[string]*snapshot // by the state's name
	discarded []*Database          // that exist, the oldest first

	close    sync.Once
	closeErr error
	stop     func() error
}

// Start returns the server that cfg selects, ready for connections. The server runs until Close is called or the
// process ends. ctx only bounds the start.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	log := logger(cfg.Log)
	dev, err := parseDev(cfg.Dev)
	if err != nil {
		return nil, err
	}
	if dev.url != "" {
		s, err := connectServer(ctx, dev.url, cfg.Extensions, log)
		if err != nil {
			return nil, err
		}
		s.budget = newBudget(cfg.Limits)
		return s, nil
	}
	return startThrowaway(ctx, dev.major, cfg, log)
}

// VersionNum returns the server's server_version_num: 150018 for 15.18.
func (s *Server) VersionNum() int { return s.version }

// Admin returns a new connection to the maintenance database as the server's superuser, or as the dev URL's user. The
// caller closes it.
func (s *Server) Admin(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, s.admin.Copy())
	if err != nil {
		return nil, fmt.Errorf("connecting to the dev server: %w", err)
	}
	return conn, nil
}

// withAdmin calls f with an admin connection for its exclusive use.
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

// Close stops a throwaway server and removes its folder. On a dev URL's server it drops what was created. Only the
// first call does anything; all calls return its error.
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
