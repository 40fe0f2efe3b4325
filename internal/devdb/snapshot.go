package devdb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A snapshot is a whole cluster with one more database than the template, so that it includes the roles, and restoring
// it costs no more than copying the template's data directory.

// maxSnapshotDatabase is the size in bytes of the largest database that is saved.
const maxSnapshotDatabase = 1 << 30

// snapshot is a state that Close may store.
type snapshot struct {
	name   string
	db     *Database
	shared string // the result of sharedObjects when db was copied
}

// snapshotDatabase returns the name of the database with a state, in its snapshot.
func snapshotDatabase(state string) string {
	sum := sha256.Sum256([]byte(state))
	return "kept_" + hex.EncodeToString(sum[:12])
}

// State returns the name of the state that the server began with, one of Config.States, or "".
func (s *Server) State() string { return strings.TrimSuffix(s.state, s.stateSuffix) }

// CloneState returns a copy of the database that the server began with, with the same owner.
func (s *Server) CloneState(ctx context.Context) (*Database, error) {
	return s.Clone(ctx, &Database{Name: snapshotDatabase(s.state), server: s})
}

// SaveState copies db, and lets Close store the copy in the cache for servers that are started with the state's name in
// Config.States. Sessions in db must have ended or be about to end. Close stores the state of the last call.
//
// A state isn't stored if its database is larger than 1 GiB, or has settings, privileges or a comment, which
// PostgreSQL doesn't copy, or if roles or their settings change between SaveState and Close. Nothing is stored on a dev
// URL's server, or on one that was started with nil for Config.States. Because a saved state only saves time, SaveState
// reports errors to Config.Log.
func (s *Server) SaveState(ctx context.Context, db *Database, state string) {
	state += s.stateSuffix
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
				s.log.printf("can't cache the replayed migrations: %v", err)
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

// takeSnapshot returns nil for a database that can't be saved.
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

// sharedObjects returns a text of the objects that belong to the cluster and not to a database: roles, their
// memberships, settings and comments.
func sharedObjects(ctx context.Context, conn *pgx.Conn) (string, error) {
	var all string
	err := conn.QueryRow(ctx, `SELECT pg_catalog.concat(
		(SELECT string_agg(t::text, E'\n' ORDER BY t::text) FROM pg_catalog.pg_authid t), E'\n\n',
		(SELECT string_agg(t::text, E'\n' ORDER BY t::text) FROM pg_catalog.pg_auth_members t), E'\n\n',
		(SELECT string_agg(t::text, E'\n' ORDER BY t::text) FROM pg_catalog.pg_db_role_setting t WHERE setdatabase = 0), E'\n\n',
		(SELECT string_agg(t::text, E'\n' ORDER BY t::text) FROM pg_catalog.pg_shdescription t WHERE classoid = 'pg_authid'::regclass))`).Scan(&all)
	return all, err
}
