package migrator

import (
	"context"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// drifted compares the database with its recorded version before pending files run. If objects that they touch differ,
// the error is a *DriftError, unless drifted is set. It returns and logs the other differences, but not what is
// harmless there, nor what the files or apply itself take care of: an object that is as the files make it, and INVALID
// indexes that are rebuilt.
func (s *session) drifted(ctx context.Context, pos revision.Position, steps []*step, drifted bool) ([]catalog.Difference, error) {
	if len(steps) == 0 || pos.Partial != nil {
		return nil, nil // in the middle of a file the objects are those of no version
	}
	var effects []catalog.Effect
	touched, relations := make(map[string]bool), make(map[string]bool)
	for _, st := range steps {
		e, err := catalog.EffectOf(st.file)
		if err != nil {
			return nil, nil // what the file touches is unknown
		}
		effects = append(effects, e)
		for _, l := range slices.Concat(e.Added(), e.Removed()) {
			touched[l.Object().String()] = true
			relations[l.Relation()] = true
		}
	}
	want, err := catalog.At(s.m.dir, pos.Index)
	if err != nil {
		return nil, nil // the version's schema is unknown
	}
	have, err := s.live(ctx)
	if err != nil {
		return nil, err
	}
	want, have = s.rec.Without(want), s.rec.Without(have)
	if want.Equal(have) {
		return nil, nil
	}
	var stops, others []catalog.Difference
	_, all := catalog.Undeclared(want, catalog.Compare(want, have, catalog.MigrationsSay))
	for _, d := range all {
		made := func(e catalog.Effect) bool { return e.Adds(d) }
		touches := touched[d.Line()] || d.Have == "" && d.Table == d.Object && relations[d.Table] && d.Table != ""
		switch {
		case d.Leftover, d.Harmless && !touches, d.Invalid && d.Want != "", d.Ignored(s.m.cfg.Ignore) != "":
		case d.Want == "" && slices.ContainsFunc(effects, made):
		case touches && !d.Harmless && !drifted:
			stops = append(stops, d)
		default:
			others = append(others, d)
		}
	}
	if len(stops) > 0 {
		return nil, &DriftError{Version: s.m.dir.Word(pos.Index), Differences: stops}
	}
	if len(others) > 0 {
		s.log(LogDrift{others})
	}
	return others, nil
}
