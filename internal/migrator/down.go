package migrator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// DownOptions say how far to go back.
type DownOptions struct {
	To     string // the version that stays, as migration.Dir.Resolve takes it
	N      int    // that many files, 0: one; not together with To
	DryRun bool   // only return the script, and what would be lost
	Yes    bool   // lose the data that is lost

	// Notes are as in ApplyOptions; the files are "down/VERSION_name.sql".
	Notes func(file string, stmt int) []string
}

// DownResult is what Down did, also if it returns an error.
type DownResult struct {
	Start, End time.Time
	Current    string            // version that the database was at, "" at the base
	Target     string            // version that it shall be at, "" for the base
	Planned    []*migration.File // what was to be taken back, in order
	Reverted   []*FileRun        // what was taken back; the last may have failed
	Settled    string            // why the record had to be settled first; "" if it hadn't
	Losses     []Loss            // the data that goes
	Script     string            // for DryRun: what psql -f would have to run
	Revision   string            // what alembic_version says now, "" for no row
}

// DriftError is a database whose objects are not those of its recorded version.
type DriftError struct {
	Version     string // that it is recorded at
	Differences []catalog.Difference
}

func (e *DriftError) Error() string {
	texts := make([]string, len(e.Differences))
	for i, d := range e.Differences {
		texts[i] = d.Text
	}
	return fmt.Sprintf("what is to be taken back is not as version %s made it: %s; nothing was done: make it equal first", e.Version, strings.Join(texts, ", "))
}

// Down takes the last applied files back, newest first.
//
// Errors are those of Apply; and a *DriftError if the objects that the files
// touch are not as they were left, a *LossError if data would go without Yes.
func (m *Migrator) Down(ctx context.Context, opts DownOptions) (*DownResult, error) {
	start := time.Now()
	var res *DownResult
	err := againAfter(ctx, func() error {
		res = &DownResult{Start: start}
		return m.down(ctx, opts, res)
	})
	res.End = time.Now()
	return res, m.outcome(ctx, err)
}

func (m *Migrator) down(ctx context.Context, opts DownOptions, res *DownResult) error {
	to := -1
	switch {
	case opts.To != "" && opts.N != 0:
		return usage.Errorf("-to and -n exclude each other")
	case opts.N < 0:
		return usage.Errorf("-n=%d: it must be 1 or more", opts.N)
	case opts.To != "":
		var err error
		if to, err = m.cfg.Dir.Resolve(opts.To); err != nil {
			return err
		}
	}
	if err := m.cfg.Dir.Verify(); err != nil {
		return err
	}
	open := m.open
	if opts.DryRun {
		open = m.connect
	}
	s, err := open(ctx)
	if err != nil {
		return err
	}
	defer s.close(ctx)

	place, err := s.judge(ctx)
	res.Current = m.version(place.Index)
	if err != nil {
		return err
	}
	res.Revision = m.revision(place.Index)
	if n := len(place.Ahead); n > 0 {
		return fmt.Errorf("the database is ahead: its last migration is %s, which this directory doesn't have; check out the commit that has it to take it back", place.Ahead[n-1].Version)
	}
	if opts.To == "" {
		to = max(-1, place.Index-max(1, opts.N))
	}
	if err := m.backTo(to, place); err != nil {
		return err
	}
	res.Target = m.version(to)

	steps, err := m.takeAllBack(s.rec, place, to)
	for _, st := range steps {
		res.Planned = append(res.Planned, st.file)
	}
	if err != nil {
		return err
	}
	if err := s.asRecorded(ctx, place, steps); err != nil {
		return err
	}
	if res.Losses, err = s.losses(ctx, steps); err != nil {
		return err
	}
	if opts.DryRun {
		res.Script, err = s.printed(ctx, place, steps, nil, opts.Notes)
		return err
	}
	if len(res.Losses) > 0 && !opts.Yes {
		return &LossError{res.Losses}
	}
	if err := s.disk(ctx, steps); err != nil {
		return err
	}
	if res.Settled, err = s.settle(ctx, place); err != nil {
		return err
	}
	if err := s.exclude(ctx, steps); err != nil {
		return err
	}
	if len(steps) > 0 {
		s.log(LogPlan{Files: res.Planned, Down: true})
	}
	for _, st := range steps {
		fr, err := s.run(ctx, st)
		res.Reverted = append(res.Reverted, fr)
		if fr.Done {
			res.Revision = st.to
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// backTo holds the target against the place where the database is.
func (m *Migrator) backTo(to int, place revision.Place) error {
	p := place.Partial
	switch {
	case p != nil && !revision.IsDown(p):
		return fmt.Errorf("the database is in the middle of %s (%d of %d statements have run), which has no way back from there; `apply` finishes it, then `down` can take it back", p.Version, p.Applied, p.Total)
	case to > place.Index:
		return fmt.Errorf("the database is %s, which is before %s; `apply -to=%s` goes there", m.at(place.Index), m.word(to), m.word(to))
	case p != nil && to == place.Index:
		return fmt.Errorf("the database is in the middle of taking %s back; `down` without -to goes on with it", p.Version)
	}
	return nil
}

// takeAllBack returns the steps from an index down to another. It refuses what
// has no way back, before anything is run.
func (m *Migrator) takeAllBack(rec revision.Record, place revision.Place, to int) ([]*step, error) {
	rows := make(map[string]*migrate.Revision, len(rec.Journal))
	for _, r := range rec.Journal {
		rows[r.Version] = r
	}
	var steps []*step
	for i := place.Index; i > to; i-- {
		f := m.files[i]
		switch c := place.Checkpoint; {
		case c != nil && i <= c.Through:
			return steps, fmt.Errorf("this database started from the checkpoint %s, which stands for all migrations up to %s: it never ran them one by one, and there is no way back past it", c.Name, m.word(c.Through))
		case f.Down == nil:
			return steps, fmt.Errorf("migration %s cannot be taken back: %s/%s is missing; write it, then `rehash`", f.Version, migration.DownDir, f.Name)
		case f.Down.None != "":
			return steps, fmt.Errorf("migration %s cannot be taken back: %s (%s/%s says so)", f.Version, f.Down.None, migration.DownDir, f.Name)
		}
		st := m.takeBack(i, rows[f.Version])
		var err error
		if st.effect, err = catalog.EffectOf(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return steps, err
		}
		steps = append(steps, st)
	}
	return steps, nil
}

// asRecorded compares the objects that the steps' files touch with the recorded
// version. Others don't matter: a hot-fix elsewhere must not keep anybody from
// going back in an emergency.
func (s *session) asRecorded(ctx context.Context, place revision.Place, steps []*step) error {
	if len(steps) == 0 || place.Partial != nil {
		return nil // in the middle of a file nothing is as recorded
	}
	touched := make(map[catalog.Line]bool)
	for _, st := range steps {
		for _, line := range slices.Concat(st.effect.Added(), st.effect.Removed()) {
			touched[line.Object()] = true
		}
	}
	if len(touched) == 0 {
		return nil
	}
	want, err := catalog.At(s.m.cfg.Dir, place.Index)
	if err != nil {
		return fmt.Errorf("working out what version %s looks like: %w", s.m.word(place.Index), err)
	}
	have, err := s.catalog(ctx)
	if err != nil {
		return err
	}
	isTouched := func(l catalog.Line) bool { return touched[l.Object()] }
	want, have = s.rec.Without(want).Filter(isTouched), s.rec.Without(have).Filter(isTouched)
	// An INVALID index can be dropped as well as a valid one.
	diffs := slices.DeleteFunc(catalog.Diff(want, have), func(d catalog.Difference) bool { return d.Invalid && d.Want != "" })
	if len(diffs) > 0 {
		return &DriftError{Version: s.m.word(place.Index), Differences: diffs}
	}
	return nil
}
