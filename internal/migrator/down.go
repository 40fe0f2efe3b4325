package migrator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

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

// planDown returns the steps from a place back to the index to, if that is an option, and says in res what they lose.
func (s *session) planDown(ctx context.Context, place revision.Place, to int, opts Options, res *Result) ([]*step, error) {
	if n := len(place.Ahead); n > 0 {
		return nil, fmt.Errorf("the database is ahead: its last migration is %s, which this directory doesn't have; check out the commit that has it to take it back", place.Ahead[n-1].Version)
	}
	if opts.To == "" {
		to = max(-1, place.Index-max(1, opts.N))
	}
	if err := s.m.backTo(to, place); err != nil {
		return nil, err
	}
	res.Target = s.m.version(to)
	steps, err := s.m.takeAllBack(s.rec, place, to)
	if err != nil {
		return steps, err
	}
	if err := s.asRecorded(ctx, place, steps); err != nil {
		return steps, err
	}
	res.Losses, err = s.losses(ctx, steps)
	return steps, err
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
	want, err := catalog.At(s.m.dir, place.Index)
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
