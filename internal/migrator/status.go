package migrator

import (
	"context"
	"errors"

	"ariga.io/atlas/sql/migrate"

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

	// BySchema says that Index is not what the record says, which is nothing known, but that
	// of the version that the schema fits.
	BySchema bool

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
	st := &Status{Files: m.files, Index: -1, Sum: m.dir.Verify()}
	return st, m.outcome(ctx, m.status(ctx, st))
}

func (m *Migrator) status(ctx context.Context, st *Status) error {
	s, err := m.session(ctx, false)
	if err != nil {
		return err
	}
	defer s.close(ctx)
	place, err := s.judge(ctx)
	if err != nil && !errors.As(err, new(*revision.Problem)) {
		return err
	}
	st.Index, st.BySchema, st.Current = place.Index, place.BySchema, m.version(place.Index)
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
	if len(place.Problems) > 0 || len(place.Ahead) > 0 || st.Reverting {
		st.Invalid, err = s.invalid(ctx)
	} else {
		st.Invalid, err = s.foresee(ctx, place, len(m.files)-1)
	}
	return err
}
