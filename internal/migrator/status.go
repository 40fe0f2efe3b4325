package migrator

import (
	"context"
	"errors"
	"fmt"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// Status is where a database stands.
type Status struct {
	Files   []*migration.File   // the whole directory, ascending
	Index   int                 // of the last applied file, -1 at the base
	Current string              // its version, "" at the base
	Pending []*migration.File   // what apply would run, a half-applied file included; of an empty database the checkpoint that it starts from
	Alembic []string            // alembic_version's rows
	Journal []*migrate.Revision // the journal's rows, ascending
	Ahead   []string            // applied versions later than all of the directory's

	// Checkpoint is the one that the database started from, nil if there is none.
	Checkpoint *migration.Checkpoint

	// Partial is the half-applied file, nil if there is none, with Done of its
	// Total statements run. If Reverting is set, it is half taken back, and the
	// statements are those of its down file. Error and ErrorStmt are the
	// journal's.
	Partial          *migration.File
	Reverting        bool
	Done, Total      int
	Error, ErrorStmt string

	Settle   string              // what the next apply would settle in the record, "" for nothing
	Problems []*revision.Problem // why apply would refuse
	Sum      error               // why apply would refuse the directory, a *migration.SumError
	Invalid  []InvalidIndex
}

// InvalidIndex is an index that PostgreSQL maintains and doesn't use, because it
// is being built or because its build was interrupted.
type InvalidIndex struct {
	Name     string // schema.name, quoted where needed
	Table    string // schema.name, quoted where needed
	Building int    // pid of the backend that builds it, 0 if none does
}

// Clean reports whether nothing but pending files stands between the database
// and the directory's head.
func (st *Status) Clean() bool {
	for _, ix := range st.Invalid {
		if ix.Building == 0 {
			return false
		}
	}
	return st.Partial == nil && len(st.Problems) == 0 && st.Sum == nil
}

// Status reads where the database stands. It writes and locks nothing, and
// doesn't wait for a migration that runs. A record that can't be acted upon is
// no error but in Status.Problems; with an error, what was found until then is
// returned, too.
func (m *Migrator) Status(ctx context.Context) (*Status, error) {
	st := &Status{Files: m.files, Index: -1, Sum: m.cfg.Dir.Verify()}
	return st, m.outcome(ctx, m.status(ctx, st))
}

func (m *Migrator) status(ctx context.Context, st *Status) error {
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close(ctx)
	place, err := s.judge(ctx)
	if err != nil && !errors.As(err, new(*revision.Problem)) {
		return err
	}
	st.Index, st.Current = place.Index, m.version(place.Index)
	st.Checkpoint = place.Checkpoint
	for _, step := range m.pending(place, len(m.files)-1) {
		st.Pending = append(st.Pending, step.file)
	}
	st.Alembic, st.Journal = s.rec.Alembic, s.rec.Journal
	st.Problems = place.Problems
	for _, r := range place.Ahead {
		st.Ahead = append(st.Ahead, r.Version)
	}
	if place.Settle != nil {
		st.Settle = place.Settle.Note
	}
	if p := place.Partial; p != nil {
		st.Error, st.ErrorStmt = p.Error, p.ErrorStmt
		if st.Reverting = revision.IsDown(p); st.Reverting {
			st.Partial = m.files[place.Index]
			st.Done = len(revision.DownSums(p))
			if st.Partial.Down != nil {
				st.Total = len(st.Partial.Down.Stmts)
			}
		} else {
			st.Partial = m.files[place.Index+1]
			st.Done, st.Total = p.Applied, len(st.Partial.Stmts)
		}
	}
	st.Invalid, err = s.invalid(ctx)
	return err
}

// invalid returns the database's INVALID indexes. Those of partitioned tables
// are left out: they are INVALID until every partition has its own.
func (s *session) invalid(ctx context.Context) ([]InvalidIndex, error) {
	rows, err := s.conn.Query(ctx, `
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
       pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname),
       COALESCE((SELECT p.pid FROM pg_catalog.pg_stat_progress_create_index p
                   JOIN pg_catalog.pg_locks l ON l.pid = p.pid AND l.locktype = 'relation' AND l.relation = i.indrelid
                        AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
                  WHERE p.datname = pg_catalog.current_database() AND (p.index_relid IS NULL OR p.index_relid IN (0::oid, c.oid))
                  LIMIT 1), 0)
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
 WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname::text !~ '^pg_'
 ORDER BY 1`)
	if err != nil {
		return nil, fmt.Errorf("looking for INVALID indexes: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (ix InvalidIndex, err error) {
		err = row.Scan(&ix.Name, &ix.Table, &ix.Building)
		return ix, err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for INVALID indexes: %w", err)
	}
	return found, nil
}
