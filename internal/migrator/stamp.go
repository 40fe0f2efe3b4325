package migrator

import (
	"context"
	"fmt"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// StampOptions say what to record.
type StampOptions struct {
	To  string // as migration.Dir.Resolve takes it; required
	Yes bool   // even if the schema isn't that version's
}

// StampResult is what Stamp changed, or would change.
type StampResult struct {
	Target      string               // version, "" for the base
	From        []string             // alembic_version's rows before
	Revision    string               // alembic_version's row after, "" for none
	Set         []string             // versions whose journal rows are written
	Removed     []string             // versions whose journal rows are deleted
	Differences []catalog.Difference // between the version's schema and the database's
	Undeclared  []catalog.Difference // extensions and partitions that the version doesn't have
	Done        bool                 // it is written
}

// ContradictionError means that the schema isn't that of the version to record. Nothing was written.
type ContradictionError struct{ Result *StampResult }

func (e *ContradictionError) Error() string {
	target := e.Result.Target
	if target == "" {
		target = "the base"
	}
	texts := make([]string, len(e.Result.Differences))
	for i, d := range e.Result.Differences {
		texts[i] = d.Text
	}
	return fmt.Sprintf("the database's schema isn't that of %s: %s; nothing was written: add -yes to record it anyway", target, strings.Join(texts, ", "))
}

// Stamp records in both tables that the migrations up to opts.To are applied, and no others, without running any. It
// repairs any record that contradicts itself or the directory.
//
// If the schema isn't that version's and opts.Yes isn't set, the error is a *ContradictionError and the result says
// what would have been written. A version whose schema is unknown, because an effect file is missing, needs opts.Yes,
// too.
func (m *Migrator) Stamp(ctx context.Context, opts StampOptions) (*StampResult, error) {
	res := &StampResult{}
	return res, m.outcome(ctx, m.stamp(ctx, opts, res))
}

func (m *Migrator) stamp(ctx context.Context, opts StampOptions, res *StampResult) error {
	if opts.To == "" {
		return usage.Errorf("stamp needs -to: a version, a revision id, head or base")
	}
	to, s, err := m.setting(ctx, opts.To)
	if err != nil {
		return err
	}
	defer s.close(ctx)
	st := s.stamping(to, res)
	if !opts.Yes {
		want, err := catalog.At(m.dir, to)
		if err != nil {
			return fmt.Errorf("comparing the database with version %s (add -yes to record it without comparing): %w", m.dir.Word(to), err)
		}
		have, err := s.catalog(ctx)
		if err != nil {
			return err
		}
		want, have = s.rec.Without(want), s.rec.Without(have)
		res.Undeclared, res.Differences = catalog.Undeclared(want, catalog.Diff(want, have))
		if len(res.Differences) > 0 {
			return &ContradictionError{res}
		}
	}
	return s.stamp(ctx, st, res)
}

// setting begins what sets the record to a version: it returns the version's index and a session that has the lock and
// has read the record.
func (m *Migrator) setting(ctx context.Context, version string) (to int, s *session, err error) {
	if to, err = m.dir.Resolve(version); err != nil {
		return 0, nil, err
	}
	if err := m.dir.Verify(); err != nil {
		return 0, nil, err
	}
	if s, err = m.session(ctx, true); err != nil {
		return 0, nil, err
	}
	if err := s.readRecord(ctx); err != nil {
		s.close(ctx)
		return 0, nil, err
	}
	return to, s, nil
}

// stamping returns what must be written to record the version at an index, and adds it to res.
func (s *session) stamping(to int, res *StampResult) *revision.Settlement {
	st := revision.Settle(s.m.dir, s.rec, to)
	res.Target, res.From, res.Revision, res.Removed = s.m.version(to), st.From, st.To, st.Delete
	for _, r := range st.Put {
		res.Set = append(res.Set, r.Version)
	}
	return st
}

// stamp writes what stamping returned.
func (s *session) stamp(ctx context.Context, st *revision.Settlement, res *StampResult) error {
	if st.Empty() && s.rec.HasAlembic && s.rec.HasJournal {
		res.Done = true
		return nil
	}
	if err := s.write(ctx, st); err != nil {
		return fmt.Errorf("recording the version: %w", err)
	}
	res.Done = true
	return nil
}
