// Package migrator applies and reverts the migrations of a directory on a live database, and reports its status.
//
// The record always says what has run on the database. A file that runs in a transaction updates the record in that
// transaction. In a file without one, each statement commits together with its entry in the journal, if PostgreSQL
// allows that. If it doesn't, the catalog shows whether the statement has run. After a run was killed, running the
// command again finishes it.
package migrator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

const (
	// DefaultLockTimeout is how long a statement waits for a lock, while others queue for the same lock, before it
	// gives up and is tried again. It is longer than PostgreSQL's default deadlock_timeout, after which a waiting
	// statement cancels autovacuum.
	DefaultLockTimeout = 2 * time.Second

	// DefaultLockRetry is how long a file, or a statement outside a transaction, is retried in total.
	DefaultLockRetry = 5 * time.Minute
)

// Config names the database and the directory, and says how migrations run.
type Config struct {
	ConnConfig *pgx.ConnConfig // made by pgx.ParseConfig; it is copied
	Dir        *migration.Dir
	Store      revision.Store
	Exclude    []string // patterns of objects to ignore in comparisons of catalogs, as in atlas.hcl's exclude
	Ignore     []string // patterns of differences from the recorded version that are accepted, as in catalog.Difference.Ignored
	Role       string   // the role that migrations run as, by SET ROLE; "" for none

	LockTimeout time.Duration // 0: DefaultLockTimeout
	LockRetry   time.Duration // 0: DefaultLockRetry

	Batches Batches // how statements run in batches

	// Wait is how long to wait while another session migrates the same database. 0: until that session ends. Negative:
	// not at all.
	Wait time.Duration

	// Contract means that no application runs on the database: Apply doesn't stop before contract files.
	Contract bool

	// StartOver says how to start over with an empty database, if this one may be deleted. It is added to the problems
	// that the database has migrations which Dir doesn't have, or which were edited.
	StartOver string

	OperatorVersion string // for the journal: the tool that applied a file
	Log             Logger // nil: none

	// Connected is called when the server has accepted the first connection; nil for nothing. Until then, what
	// ConnConfig takes for a database's name may be a part of a password with characters that have a meaning in a URL.
	Connected func()
}

// Migrator works on one database. Each of its methods uses connections of its own, and several may run at once.
type Migrator struct {
	cfg   Config
	dir   *migration.Dir
	files []*migration.File

	// dialed yields, once, the session that Dial opens; it is nil without Dial. cancel stops Dial.
	dialed chan dialed
	cancel context.CancelFunc

	firstOnce sync.Once // about the first connection
}

// New returns a Migrator for cfg.Dir. It doesn't connect.
func New(cfg Config) *Migrator {
	m := newMigrator(cfg)
	m.SetDir(cfg.Dir)
	return m
}

// SetDir sets the directory of a Migrator that [Dial] returned.
func (m *Migrator) SetDir(dir *migration.Dir) { m.dir, m.files = dir, dir.Files() }

// Config returns the configuration, with the directory.
func (m *Migrator) Config() Config {
	cfg := m.cfg
	cfg.Dir = m.dir
	return cfg
}

func newMigrator(cfg Config) *Migrator {
	if cfg.LockTimeout == 0 {
		cfg.LockTimeout = DefaultLockTimeout
	}
	if cfg.LockRetry == 0 {
		cfg.LockRetry = DefaultLockRetry
	}
	cfg.Batches = cfg.Batches.withDefaults()
	if cfg.Log == nil {
		cfg.Log = discard{}
	}
	cfg.Log = &serial{to: cfg.Log}
	return &Migrator{cfg: cfg}
}

// FileRun is the outcome of running one file.
type FileRun struct {
	File       *migration.File
	Start, End time.Time
	Skipped    int        // statements that an earlier run completed
	Applied    []string   // statements that this run completed; if Err is set and the file runs in a transaction, they were rolled back
	Done       bool       // it ran to the end and is recorded
	Err        *StmtError // the statement that failed; nil if none did, or something else did
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

// at describes the position at an index in messages.
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

// judge reads the record and returns the position of the database.
func (s *session) judge(ctx context.Context) (revision.Position, error) {
	if err := s.readRecord(ctx); err != nil {
		return revision.Position{Index: -1}, err
	}
	pos, err := revision.Judge(s.m.dir, s.rec, func() (catalog.Catalog, error) { return s.live(ctx) })
	if over := s.m.cfg.StartOver; over != "" {
		for _, p := range pos.Problems {
			switch {
			case p.Kind == revision.Missing, p.Kind == revision.Unknown, p.Kind == revision.Edited && pos.Partial != nil:
				p.Text += "; " + over
			case p.Kind == revision.Edited:
				p.Text += "; or restore it, revert it with `down`, and edit it then; " + over
			}
		}
	}
	return pos, err
}

// readRecord reads the record, unless Dial has read it.
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
		if !s.rec.HasAlembic {
			s.rec.Width = s.m.width()
		}
		return err
	})
}

// patiently retries read, like other statements that wait for locks. A command that only reads tries once, and reports
// what blocks it.
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

// live returns the database's catalog. Reading one takes a while, so an empty database is recognized without it: the
// OIDs of objects that users create start at 16384.
func (s *session) live(ctx context.Context) (catalog.Catalog, error) {
	empty, err := s.empty(ctx)
	if err != nil {
		return catalog.Catalog{}, fmt.Errorf("checking whether the database is empty: %w", err)
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

// settle repairs what judge found wrong in the record.
func (s *session) settle(ctx context.Context, pos revision.Position) (string, error) {
	if pos.Settle == nil {
		return "", nil
	}
	if err := s.write(ctx, pos.Settle); err != nil {
		return "", fmt.Errorf("settling the record: %w", err)
	}
	s.log(LogSettled{pos.Settle.Note})
	return pos.Settle.Note, nil
}

// width returns how wide alembic_version must be for the revision ids.
func (m *Migrator) width() int {
	for _, f := range m.files {
		if utf8.RuneCountInString(f.Revision) > revision.MaxID {
			return revision.LongID
		}
	}
	return revision.MaxID
}

// fits returns a *revision.LengthError if alembic_version can't hold the revision id of a step.
func (s *session) fits(steps []*step) error {
	for _, st := range steps {
		if err := s.m.cfg.Store.Fits(s.rec, st.to); err != nil {
			return err
		}
	}
	return nil
}

// write writes a settlement in a transaction of its own.
func (s *session) write(ctx context.Context, st *revision.Settlement) error {
	if err := s.m.cfg.Store.Fits(s.rec, st.To); err != nil {
		return err
	}
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
