package migrator

import (
	"context"
	"errors"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// Status is the status of a database.
type Status struct {
	Files   []*migration.File   // the whole directory, ascending
	Index   int                 // of the last applied file, -1 at the base
	Current string              // its version, "" at the base
	Pending []*migration.File   // what apply would run, including a half applied file; for an empty database, the checkpoint that it starts from
	Waiting []*migration.File   // the last of them, which Apply doesn't run without Options.Contract: the first is a contract file
	Alembic []string            // alembic_version's rows
	Journal []*migrate.Revision // the journal's rows, ascending
	Ahead   []string            // applied versions later than the last in the directory

	// BySchema means that the record names no known version, and Index is the version that the schema matches.
	BySchema bool

	// Checkpoint is the one that the database started from, nil if there is none.
	Checkpoint *migration.Checkpoint

	// Partial is the half applied file, nil if there is none; Done of its Total statements have run. If Reverting is
	// set, it is half reverted, and the statements are those of its down file. Error and ErrorStmt are from the
	// journal.
	Partial          *migration.File
	Reverting        bool
	Done, Total      int
	Batch            *batch.Note // how far the next statement's batches have come; nil if they haven't begun
	Unbegun          bool        // none of its statements has run, so that Down reverts it
	Error, ErrorStmt string

	Settle   string              // what the next apply would repair in the record, "" for nothing
	Problems []*revision.Problem // why apply would refuse
	Sum      error               // why apply would refuse the directory, a *migration.SumError
	Invalid  []InvalidIndex
}

// Clean reports whether the database is in order. It may have pending files.
func (st *Status) Clean() bool {
	for _, ix := range st.Invalid {
		if ix.Building == 0 {
			return false
		}
	}
	return st.Partial == nil && len(st.Problems) == 0 && st.Sum == nil
}

// Ready reports whether the database is in order, and nothing is pending that Apply would run.
func (st *Status) Ready() bool { return st.Clean() && len(st.Pending) == len(st.Waiting) }

// Status returns the status of the database. It writes and locks nothing, and doesn't wait for a running migration.
// What is wrong with the record is in Status.Problems and isn't an error. If Status fails, it also returns what it has
// found so far.
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
	pos, err := s.judge(ctx)
	if err != nil && !errors.As(err, new(*revision.Problem)) {
		return err
	}
	st.Index, st.BySchema, st.Current = pos.Index, pos.BySchema, m.version(pos.Index)
	st.Checkpoint = pos.Checkpoint
	steps := m.pending(pos, len(m.files)-1)
	for _, step := range steps {
		st.Pending = append(st.Pending, step.file)
	}
	if len(pos.Ahead) == 0 {
		st.Waiting = m.waiting(pos)
	}
	st.Alembic, st.Journal = s.rec.Alembic, s.rec.Journal
	st.Problems = pos.Problems
	if err := s.fits(steps); err != nil && len(st.Problems) == 0 {
		st.Problems = append(st.Problems, &revision.Problem{Kind: revision.TooLong, Text: err.Error()})
	}
	for _, r := range pos.Ahead {
		st.Ahead = append(st.Ahead, r.Version)
	}
	if pos.Settle != nil {
		st.Settle = pos.Settle.Note
	}
	if p := pos.Partial; p != nil {
		st.Error, st.ErrorStmt = p.Error, p.ErrorStmt
		if n, ok := revision.Batch(p); ok {
			st.Batch = &n
		}
		if st.Reverting = revision.IsDown(p); st.Reverting {
			st.Partial = m.files[pos.Index]
			st.Done = revision.DownApplied(p)
			if st.Partial.Down != nil {
				st.Total = len(st.Partial.Down.Stmts)
			}
		} else {
			st.Partial, st.Unbegun = m.files[pos.Index+1], m.unbegun(pos) != nil
			st.Done, st.Total = p.Applied, len(st.Partial.Stmts)
		}
	}
	if len(pos.Problems) > 0 || len(pos.Ahead) > 0 || st.Reverting {
		st.Invalid, err = s.invalid(ctx)
	} else {
		st.Invalid, err = s.foresee(ctx, pos, len(m.files)-1)
	}
	if err != nil {
		return err
	}
	parents, err := s.incomplete(ctx)
	st.Invalid = append(st.Invalid, parents...)
	return err
}
