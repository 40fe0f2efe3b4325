// Package state builds schemas in databases on a dev server: the desired one, which schema.hcl declares, and the
// replayed one, which a directory of migrations produces. It reads each back from PostgreSQL, so that both are in
// PostgreSQL's normal form and needn't be compared as text. It knows what a schema file can't express, but not how to
// change one schema into another.
package state

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"time"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// A State is a schema in its own database on a dev server. It has one connection, so only one goroutine may use it at a
// time.
type State struct {
	DB *devdb.Database
	// Catalog is the schema in normal form, as of the last Refresh.
	Catalog catalog.Catalog

	srv  *devdb.Server
	opts catalog.Options
	db   *session
	// reader reads the catalog when it is read often.
	reader *catalog.Reader
	reads  int
	ran    time.Duration // how long migrations took since the state was last saved
	// roles are the roles that createRoles has created or found.
	roles map[string]bool
}

// New returns the state of a new, empty database, with a session for migrations.
func New(ctx context.Context, srv *devdb.Server, opts catalog.Options) (*State, error) {
	db, err := srv.Create(ctx)
	if err != nil {
		return nil, fmt.Errorf("creating a dev database: %w", err)
	}
	return open(ctx, srv, db, opts)
}

// open returns the state in db. It doesn't read the catalog.
func open(ctx context.Context, srv *devdb.Server, db *devdb.Database, opts catalog.Options) (*State, error) {
	s := &State{DB: db, srv: srv, opts: opts}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *State) connect(ctx context.Context) error {
	db, err := connect(ctx, s.DB.MigrationConfig())
	if err != nil {
		return fmt.Errorf("connecting to the dev database: %w", err)
	}
	if db.run, err = runner.Open(ctx, db.native, s.SessionOptions()); err != nil {
		db.close()
		return fmt.Errorf("setting up the dev database's session: %w", err)
	}
	s.db = db
	return nil
}

// SessionOptions returns those of a session for migrations: with the limits and the extensions of the state's server.
func (s *State) SessionOptions() runner.Options {
	return runner.Options{Bound: s.srv.Bound, Statement: s.srv.Statement}
}

// Conn returns the state's connection, on which migrations run.
func (s *State) Conn() *pgx.Conn { return s.db.native }

// fewReads is how many times Refresh reads the whole catalog before it uses a catalog.Reader, whose first read costs
// more.
const fewReads = 8

// Refresh reads Catalog from the database. If the environment variable SCHEMA_CHECK_READS is set, it compares what it
// read in part with the whole catalog.
func (s *State) Refresh(ctx context.Context) (err error) {
	s.reads++
	if s.reads <= fewReads || s.db.native.PgConn().TxStatus() != 'I' {
		s.Catalog, err = catalog.Read(ctx, s.db.native, s.opts)
		return err
	}
	if s.db.reading == nil {
		if s.db.reading, err = pgx.ConnectConfig(ctx, s.DB.MigrationConfig()); err != nil {
			return fmt.Errorf("connecting to the dev database: %w", err)
		}
		if s.reader == nil {
			s.reader, err = catalog.NewReader(ctx, s.db.reading, s.opts)
		} else {
			err = s.reader.Reconnect(ctx, s.db.reading)
		}
		if err != nil {
			return err
		}
	}
	if s.Catalog, err = s.reader.Read(ctx); err != nil || os.Getenv("SCHEMA_CHECK_READS") == "" {
		return err
	}
	whole, err := catalog.Read(ctx, s.db.native, s.opts)
	if err == nil && !whole.Equal(s.Catalog) {
		err = fmt.Errorf("the catalog was read wrong: %v", catalog.Diff(whole, s.Catalog))
	}
	return err
}

// Realm returns the current schema as Atlas reads it, without what the options exclude. Catalog must be current.
func (s *State) Realm(ctx context.Context) (*schema.Realm, error) {
	return inspect(ctx, s.db, s.Catalog, s.opts)
}

// Driver returns Atlas's driver for the database.
func (s *State) Driver() (migrate.Driver, error) { return s.db.atlas() }

// Clone returns a copy of the state in another database, with the same Catalog.
func (s *State) Clone(ctx context.Context) (*State, error) {
	// PostgreSQL copies a database only while nobody is connected to it.
	s.db.close()
	db, err := s.srv.Clone(ctx, s.DB)
	if err != nil {
		return nil, fmt.Errorf("copying a dev database: %w", err)
	}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	c, err := open(ctx, s.srv, db, s.opts)
	if err != nil {
		return nil, err
	}
	c.Catalog = s.Catalog
	return c, nil
}

// renew replaces the state's session with a new one.
func (s *State) renew(ctx context.Context) error {
	s.db.close()
	return s.connect(ctx)
}

// Close closes the connection and discards the database, which must not be used again.
func (s *State) Close() {
	s.db.close()
	s.DB.Discard()
}

// A session is one connection, for pgx and for database/sql, which Atlas needs.
type session struct {
	native *pgx.Conn
	// reading is a second connection, for State.reader; nil until it is used.
	reading *pgx.Conn
	run     *runner.Session
	pool    *sql.DB
	conn    *sql.Conn
	driver  migrate.Driver
}

func connect(ctx context.Context, cfg *pgx.ConnConfig) (*session, error) {
	s := &session{pool: stdlib.OpenDB(*cfg)}
	var err error
	if s.conn, err = s.pool.Conn(ctx); err != nil {
		s.pool.Close()
		return nil, err
	}
	// The session keeps conn, so the pool doesn't reuse the connection that Raw returns.
	err = s.conn.Raw(func(c any) error {
		s.native = c.(*stdlib.Conn).Conn()
		return nil
	})
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) atlas() (migrate.Driver, error) {
	if s.driver == nil {
		drv, err := postgres.Open(querier{s.conn})
		if err != nil {
			return nil, fmt.Errorf("opening Atlas's driver: %w", err)
		}
		s.driver = drv
	}
	return s.driver, nil
}

// A querier hides from Atlas's inspection what HCL can't express and the inspection fails on: some spellings of a BRIN
// index's autosummarize, and that the index of a key WITHOUT OVERLAPS is one of exclusion too. It also hides that a
// column's domain is NOT NULL, because the column isn't. It looks up an identity column's sequence by its name, and
// doesn't compare it with the names of all.
type querier struct{ *sql.Conn }

func (q querier) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	for _, r := range replacements {
		query = strings.Replace(query, r.old, r.new, 1)
	}
	return q.Conn.QueryContext(ctx, query, args...)
}

const identitySequence = "pg_get_serial_sequence(quote_ident(t1.table_schema) || '.' || quote_ident(t1.table_name), t1.column_name)"

// replacements are made in Atlas's queries.
var replacements = []struct{ old, new string }{
	{"i.reloptions AS options", "(SELECT pg_catalog.array_agg(o) FROM pg_catalog.unnest(i.reloptions) o WHERE o LIKE 'pages_per_range=%') AS options"},
	{"t1.is_nullable,", "CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,"},
	{"am.amname AS index_type", "CASE WHEN idx.indisexclusion AND idx.indisunique THEN 'btree' ELSE am.amname END AS index_type"},
	{"FROM pg_constraint WHERE conindid = idx.indexrelid)", "FROM pg_constraint WHERE conindid = idx.indexrelid AND contype = 'x')"},
	{
		"SELECT last_value FROM pg_sequences WHERE quote_ident(schemaname) || '.' || quote_ident(sequencename) = " + identitySequence,
		"SELECT CASE WHEN has_sequence_privilege(q, 'SELECT,USAGE') THEN pg_sequence_last_value(q) END FROM CAST(" + identitySequence + " AS regclass) q",
	},
}

func (s *session) close() {
	// Nothing can be done about a connection that fails to close.
	if s.reading != nil {
		_ = s.reading.Close(context.Background())
	}
	_ = s.conn.Close()
	_ = s.pool.Close()
}
