package devdb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/jackc/pgx/v5"
)

// A kept state is a whole cluster with one database more than the template's: so
// roles, which belong to the cluster, come along, and nothing has to be restored
// but the data directory that is copied anyway.

// maxSnapshotDatabase is the size in bytes up to which a database is kept.
const maxSnapshotDatabase = 128 << 20

// kept is the state that Close will store.
type snapshot struct {
	name   string
	db     *Database
	shared string // what shared gave when db was copied
}

// snapshotDatabase is the name of the database that holds a kept state.
func snapshotDatabase(state string) string {
	sum := sha256.Sum256([]byte(state))
	return "kept_" + hex.EncodeToString(sum[:12])
}

// State returns the name of the state that the server began with, one of
// Config.States, or "".
func (s *Server) State() string { return s.state }

// CloneState returns a new database that equals the one of State, owner included.
func (s *Server) CloneState(ctx context.Context) (*Database, error) {
	return s.Clone(ctx, &Database{Name: snapshotDatabase(s.state), server: s})
}

// SaveState copies db now, and lets Close store the copy in the cache for servers that
// are started with the state's name among Config.States. Sessions in db must have
// ended, or end within a moment. The last call counts.
//
// Nothing is stored where that would not give the same database again: a state
// whose database is larger than 128 MiB, or has settings, privileges or a comment
// of its own, which PostgreSQL doesn't copy; or if roles or their settings have
// changed between SaveState and Close. Nor on a dev URL's server, or one that was
// started without Config.States. To keep is to save time only: what goes wrong with
// it is said on Config.Log, and is no error.
func (s *Server) SaveState(ctx context.Context, db *Database, state string) {
	if !s.saves || state == s.state {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.snapshots[state]
	if !ok {
		var err error
		if k, err = s.takeSnapshot(ctx, db, state); err != nil {
			if ctx.Err() == nil {
				s.log.printf("the replayed migrations can't be kept for the next command: %v", err)
			}
			return
		}
		if s.snapshots == nil {
			s.snapshots = map[string]*snapshot{}
		}
		s.snapshots[state] = k
	}
	s.save = k
}

// takeSnapshot returns nil for a database that can't be kept.
func (s *Server) takeSnapshot(ctx context.Context, db *Database, state string) (*snapshot, error) {
	k := &snapshot{name: state, db: &Database{Name: snapshotDatabase(state), server: s}}
	whole := false
	err := s.withAdmin(ctx, func(conn *pgx.Conn) (err error) {
		err = conn.QueryRow(ctx, `SELECT pg_catalog.pg_database_size(oid) <= $2 AND datacl IS NULL
			AND NOT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting WHERE setdatabase = d.oid)
			AND pg_catalog.shobj_description(oid, 'pg_database') IS NULL
			FROM pg_catalog.pg_database d WHERE datname = $1`, db.Name, maxSnapshotDatabase).Scan(&whole)
		if err != nil || !whole {
			return err
		}
		k.shared, err = sharedObjects(ctx, conn)
		return err
	})
	if err != nil || !whole {
		return nil, err
	}
	if err := s.cloneAs(ctx, k.db, db); err != nil {
		return nil, err
	}
	return k, nil
}

// sharedObjects returns what belongs to the cluster and not to a database: roles,
// their memberships and settings, and comments on them.
func sharedObjects(ctx context.Context, conn *pgx.Conn) (string, error) {
	var all string
	err := conn.QueryRow(ctx, `SELECT pg_catalog.concat(
		(SELECT string_agg(t::text, E'\n' ORDER BY t::text) FROM pg_catalog.pg_authid t), E'\n\n',
		(SELECT string_agg(t::text, E'\n' ORDER BY t::text) FROM pg_catalog.pg_auth_members t), E'\n\n',
		(SELECT string_agg(t::text, E'\n' ORDER BY t::text) FROM pg_catalog.pg_db_role_setting t WHERE setdatabase = 0), E'\n\n',
		(SELECT string_agg(t::text, E'\n' ORDER BY t::text) FROM pg_catalog.pg_shdescription t WHERE classoid = 'pg_authid'::regclass))`).Scan(&all)
	return all, err
}
