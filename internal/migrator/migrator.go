// Package migrator brings live databases up and down a directory of migrations,
// and says where they stand.
//
// Whatever happens in between, what a database went through and what its record
// says are the same: a transactional file changes both in one transaction; of a
// file without one, each statement commits with its note in the journal where
// PostgreSQL allows that, and is recognized by the catalog where it doesn't. A
// run that was killed is finished by running it again.
package migrator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

const (
	// DefaultLockTimeout is how long a statement waits for a lock, and keeps
	// others waiting behind it, before it gives way and tries again. It is more
	// than PostgreSQL's default deadlock_timeout, by which a waiting statement
	// has autovacuum cancelled.
	DefaultLockTimeout = 2 * time.Second

	// DefaultLockRetry is for how long in total a file, or a statement outside
	// of a transaction, tries again.
	DefaultLockRetry = 5 * time.Minute
)

// Config says which database, which directory, and how.
type Config struct {
	ConnConfig *pgx.ConnConfig // made by pgx.ParseConfig; it is copied
	Dir        *migration.Dir
	Store      revision.Store
	Exclude    []string // what comparisons of catalogs leave out, as atlas.hcl's exclude
	Role       string   // SET ROLE to it; "" for none

	LockTimeout time.Duration // 0: DefaultLockTimeout
	LockRetry   time.Duration // 0: DefaultLockRetry

	// Wait is how long to wait while another migrates the same database.
	// 0: for as long as its backend lives. Negative: not at all.
	Wait time.Duration

	// Anew says how the database can be begun anew, where it is one that may be. It is
	// added to what is said of applied migrations that Dir doesn't have.
	Anew string

	OperatorVersion string // for the journal: who applied it
	Log             Logger // nil: nobody
}

// Migrator works on one database. Each of its methods uses connections of its
// own, and several may run at once.
type Migrator struct {
	cfg   Config
	dir   *migration.Dir
	files []*migration.File

	// dialed yields the session that Dial makes, once; nil if there is none. cancel ends the dialing.
	dialed chan dialed
	cancel context.CancelFunc
}

// New returns a Migrator. It does not connect.
func New(cfg Config) *Migrator {
	m := newMigrator(cfg)
	m.SetDir(cfg.Dir)
	return m
}

// SetDir sets the directory of a Migrator that [Dial] returned.
func (m *Migrator) SetDir(dir *migration.Dir) { m.dir, m.files = dir, dir.Files() }

func newMigrator(cfg Config) *Migrator {
	if cfg.LockTimeout == 0 {
		cfg.LockTimeout = DefaultLockTimeout
	}
	if cfg.LockRetry == 0 {
		cfg.LockRetry = DefaultLockRetry
	}
	if cfg.Log == nil {
		cfg.Log = nobody{}
	}
	cfg.Log = &oneByOne{to: cfg.Log}
	return &Migrator{cfg: cfg}
}

// FileRun is what became of one file.
type FileRun struct {
	File       *migration.File
	Start, End time.Time
	Skipped    int        // statements that an earlier run had done
	Applied    []string   // statements that ran now; if Err is set, a transactional file's were rolled back
	Done       bool       // it ran to its end and is recorded
	Err        *StmtError // the statement that failed, nil if none did or something else failed
}

// version returns the version at an index, "" for the base.
func (m *Migrator) version(i int) string {
	if i < 0 {
		return ""
	}
	return m.files[i].Version
}

// revision returns the revision id at an index, "" for the base.
func (m *Migrator) revision(i int) string {
	if i < 0 {
		return ""
	}
	return m.files[i].Revision
}

// at is how messages say that the database is at an index.
func (m *Migrator) at(i int) string {
	switch {
	case i < 0:
		return "at the base"
	case m.files[i].Revision != m.files[i].Version:
		return fmt.Sprintf("at %s (%s)", m.files[i].Version, m.files[i].Revision)
	}
	return "at " + m.files[i].Version
}

func (m *Migrator) catalogOptions() catalog.Options {
	return catalog.Options{Exclude: m.cfg.Exclude, AlembicSchema: m.cfg.Store.AlembicSchema, JournalSchema: m.cfg.Store.JournalSchema}
}

// judge reads the record and says where the database stands.
func (s *session) judge(ctx context.Context) (revision.Place, error) {
	if err := s.readRecord(ctx); err != nil {
		return revision.Place{Index: -1}, err
	}
	place, err := revision.Judge(s.m.dir, s.rec, func() (catalog.Catalog, error) { return s.live(ctx) })
	if anew := s.m.cfg.Anew; anew != "" {
		for _, p := range place.Problems {
			if p.Kind == revision.Missing || p.Kind == revision.Unknown {
				p.Text += "; " + anew
			}
		}
	}
	return place, err
}

// readRecord reads the record, unless that was done while dialing.
func (s *session) readRecord(ctx context.Context) error {
	if s.read {
		return nil
	}
	defer s.promptly()()
	read := s.m.cfg.Store.Read
	if s.readRest != nil {
		read = s.readRest
	}
	return s.patiently(ctx, "the record", func() (err error) {
		s.rec, err = read(ctx, s.conn)
		s.read = err == nil
		return err
	})
}

// patiently has read try again as others that wait for locks do. A command that only reads waits once, and says who blocks it.
func (s *session) patiently(ctx context.Context, what string, read func() error) error {
	if s.observer == nil {
		s.observe(ctx)
	}
	return s.retry(ctx, what, func() error {
		s.observer.begin(s.limit)
		defer s.observer.end()
		return read()
	})
}

// live is the database's catalog. To read one takes a while, so a database in
// which nobody has made anything is recognized without: PostgreSQL numbers what
// users make from 16384 on.
func (s *session) live(ctx context.Context) (catalog.Catalog, error) {
	empty, err := s.empty(ctx)
	if err != nil {
		return catalog.Catalog{}, fmt.Errorf("looking whether the database is empty: %w", err)
	}
	if empty {
		return catalog.Catalog{}, nil
	}
	var cat catalog.Catalog
	err = s.patiently(ctx, "the catalog", func() (err error) {
		cat, err = s.catalog(ctx)
		return err
	})
	return cat, err
}

// catalog reads the database's catalog.
func (s *session) catalog(ctx context.Context) (catalog.Catalog, error) {
	defer s.answers.within(peerTimeout)()
	return catalog.Read(ctx, s.conn, s.m.catalogOptions())
}

func (s *session) empty(ctx context.Context) (empty bool, err error) {
	defer s.promptly()()
	err = s.conn.QueryRow(ctx, `
SELECT pg_catalog.to_regnamespace('public') IS NOT NULL AND NOT EXISTS (
       SELECT FROM pg_catalog.pg_class WHERE oid >= '16384' UNION ALL SELECT FROM pg_catalog.pg_type WHERE oid >= '16384'
       UNION ALL SELECT FROM pg_catalog.pg_proc WHERE oid >= '16384' UNION ALL SELECT FROM pg_catalog.pg_namespace WHERE oid >= '16384'
       UNION ALL SELECT FROM pg_catalog.pg_extension WHERE oid >= '16384' UNION ALL SELECT FROM pg_catalog.pg_collation WHERE oid >= '16384'
       UNION ALL SELECT FROM pg_catalog.pg_operator WHERE oid >= '16384' UNION ALL SELECT FROM pg_catalog.pg_cast WHERE oid >= '16384'
       UNION ALL SELECT FROM pg_catalog.pg_language WHERE oid >= '16384' UNION ALL SELECT FROM pg_catalog.pg_conversion WHERE oid >= '16384'
       UNION ALL SELECT FROM pg_catalog.pg_ts_config WHERE oid >= '16384' UNION ALL SELECT FROM pg_catalog.pg_ts_dict WHERE oid >= '16384'
       UNION ALL SELECT FROM pg_catalog.pg_ts_parser WHERE oid >= '16384' UNION ALL SELECT FROM pg_catalog.pg_ts_template WHERE oid >= '16384'
       UNION ALL SELECT FROM pg_catalog.pg_opclass WHERE oid >= '16384' UNION ALL SELECT FROM pg_catalog.pg_opfamily WHERE oid >= '16384'
       UNION ALL SELECT FROM pg_catalog.pg_am WHERE oid >= '16384' UNION ALL SELECT FROM pg_catalog.pg_event_trigger WHERE oid >= '16384'
       UNION ALL SELECT FROM pg_catalog.pg_publication WHERE oid >= '16384' UNION ALL SELECT FROM pg_catalog.pg_foreign_server WHERE oid >= '16384'
       UNION ALL SELECT FROM pg_catalog.pg_foreign_data_wrapper WHERE oid >= '16384' UNION ALL SELECT FROM pg_catalog.pg_transform WHERE oid >= '16384')`).Scan(&empty)
	return empty, err
}

// settle writes what judge found lacking.
func (s *session) settle(ctx context.Context, place revision.Place) (string, error) {
	if place.Settle == nil {
		return "", nil
	}
	if err := s.write(ctx, place.Settle); err != nil {
		return "", fmt.Errorf("settling the record: %w", err)
	}
	s.log(LogSettled{place.Settle.Note})
	return place.Settle.Note, nil
}

// write makes a settlement in a transaction of its own.
func (s *session) write(ctx context.Context, st *revision.Settlement) error {
	defer s.promptly()()
	err := s.retry(ctx, "the record", func() error {
		return s.tx(ctx, func(tx pgx.Tx) error {
			return s.m.cfg.Store.Settle(ctx, tx, s.rec, st, s.m.cfg.OperatorVersion)
		})
	})
	if errors.As(err, new(*revision.UnwrittenError)) {
		return s.m.cfg.Store.Unwritten(ctx, s.conn)
	}
	if err == nil {
		s.rec.HasAlembic, s.rec.HasJournal = true, true
	}
	return err
}
