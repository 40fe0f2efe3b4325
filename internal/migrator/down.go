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
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// DriftError means that objects which the files touch differ from those of the database's recorded version.
type DriftError struct {
	Down        bool
	Version     string // that it is recorded at
	Differences []catalog.Difference
}

func (e *DriftError) Error() string {
	texts := make([]string, len(e.Differences))
	for i, d := range e.Differences {
		texts[i] = d.Text
	}
	if !e.Down {
		return fmt.Sprintf("objects that the pending migrations change have drifted from version %s: %s; nothing was done: restore these objects first (`drift` lists all differences), or add -drifted to go on",
			e.Version, strings.Join(texts, ", "))
	}
	return fmt.Sprintf("the database has drifted from version %s in what would be reverted: %s; nothing was done: restore these objects first", e.Version, strings.Join(texts, ", "))
}

// planDown returns the steps from a position down to the index to, if the options have one, and puts into res what they
// lose.
func (s *session) planDown(ctx context.Context, pos revision.Position, to int, opts Options, res *Result) ([]*step, error) {
	if n := len(pos.Ahead); n > 0 {
		return nil, fmt.Errorf("the database is ahead: its last migration is %s, which this directory doesn't have; check out the commit that has it to revert it", pos.Ahead[n-1].Version)
	}
	begun := s.m.unbegun(pos)
	if opts.To == "" {
		n := max(1, opts.N)
		if begun != nil {
			n--
		}
		to = max(-1, pos.Index-n)
	}
	if err := s.m.backTo(to, pos); err != nil {
		return nil, err
	}
	res.Target = s.m.version(to)
	steps, err := s.m.revertAll(s.rec, pos, to)
	if begun != nil {
		steps = slices.Insert(steps, 0, begun)
	}
	if err != nil {
		return steps, err
	}
	if err := s.asRecorded(ctx, pos, steps); err != nil {
		return steps, err
	}
	res.Losses, err = s.losses(ctx, steps)
	return steps, err
}

// unbegun returns the step that undoes the start of a migration none of whose statements has run: that removes its row
// from the journal. It returns nil if there is no such migration.
func (m *Migrator) unbegun(pos revision.Position) *step {
	p := pos.Partial
	if p == nil || revision.IsDown(p) || p.Applied > 0 {
		return nil
	}
	if _, ok := revision.Batch(p); ok {
		return nil
	}
	f := m.files[pos.Index+1]
	if units, _ := runner.Rest(f.Stmts, 0); len(units) > 0 && units[0].Mode == runner.MayCommit {
		return nil // it may have run in part
	}
	id := m.revision(pos.Index)
	return &step{file: f, down: true, name: f.Name, from: id, to: id, row: p, before: m.at(pos.Index)}
}

// backTo returns an error if the database can't be reverted to the target from its position.
func (m *Migrator) backTo(to int, pos revision.Position) error {
	p := pos.Partial
	switch {
	case p != nil && !revision.IsDown(p) && m.unbegun(pos) == nil:
		return fmt.Errorf("migration %s is half applied (%d of %d statements have run) and can't be reverted from there; `apply` finishes it, then `down` can revert it", p.Version, p.Applied, p.Total)
	case to > pos.Index:
		return fmt.Errorf("the database is %s, which is earlier than %s; `apply -to=%s` goes there", m.at(pos.Index), m.dir.Word(to), m.dir.Word(to))
	case p != nil && revision.IsDown(p) && to == pos.Index:
		return fmt.Errorf("migration %s is half reverted; `down` without -to continues", p.Version)
	}
	return nil
}

// revertAll returns the steps from a position down to an index. It is an error if one of the files can't be reverted.
func (m *Migrator) revertAll(rec revision.Record, pos revision.Position, to int) ([]*step, error) {
	rows := make(map[string]*migrate.Revision, len(rec.Journal))
	for _, r := range rec.Journal {
		rows[r.Version] = r
	}
	if pos.Settle != nil { // it is written before the steps run
		for _, r := range pos.Settle.Put {
			rows[r.Version] = r
		}
	}
	var steps []*step
	for i := pos.Index; i > to; i-- {
		f := m.files[i]
		switch c := pos.Checkpoint; {
		case c != nil && i <= c.Through:
			return steps, fmt.Errorf("this database started from the checkpoint %s, which stands for all migrations up to %s: it never ran those, and they can't be reverted", c.Name, m.dir.Word(c.Through))
		case f.Down == nil:
			return steps, fmt.Errorf("migration %s can't be reverted: %s/%s is missing; write it, then `rehash`", f.Version, migration.DownDir, f.Name)
		case f.Down.None != "":
			return steps, fmt.Errorf("migration %s can't be reverted: %s (%s/%s says so)", f.Version, f.Down.None, migration.DownDir, f.Name)
		}
		st := m.down(i, rows[f.Version])
		var err error
		if st.effect, err = catalog.EffectOf(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return steps, err
		}
		steps = append(steps, st)
	}
	return steps, nil
}

// asRecorded compares the objects that the steps' files touch with the recorded version. Others don't matter: a hotfix
// elsewhere must not block a revert in an emergency.
func (s *session) asRecorded(ctx context.Context, pos revision.Position, steps []*step) error {
	if len(steps) == 0 || pos.Partial != nil && revision.IsDown(pos.Partial) {
		return nil // in the middle of a file the objects are those of no version
	}
	touched, unknown := make(map[catalog.Line]bool), false
	touch := func(e catalog.Effect) {
		for _, line := range slices.Concat(e.Added(), e.Removed()) {
			touched[line.Object()] = true
		}
	}
	for _, st := range steps {
		touch(st.effect)
	}
	if pos.Partial != nil {
		// The first statement may have run without being recorded.
		e, err := catalog.EffectOf(steps[0].file)
		if unknown = errors.Is(err, fs.ErrNotExist); err != nil && !unknown {
			return err
		}
		touch(e)
	}
	if len(touched) == 0 && !unknown {
		return nil
	}
	want, err := catalog.At(s.m.dir, pos.Index)
	if err != nil {
		return fmt.Errorf("computing the schema of version %s: %w", s.m.dir.Word(pos.Index), err)
	}
	have, err := s.catalog(ctx)
	if err != nil {
		return err
	}
	isTouched := func(l catalog.Line) bool { return unknown || touched[l.Object()] }
	want, have = s.rec.Without(want).Filter(isTouched), s.rec.Without(have).Filter(isTouched)
	diffs := slices.DeleteFunc(catalog.Diff(want, have), func(d catalog.Difference) bool {
		if pos.Partial != nil && d.Invalid && d.Want == "" && revision.Takes(steps[0].file, d) {
			table, index := d.SQL()
			schema, _ := catalog.CutName(table)
			steps[0].leftovers = append(steps[0].leftovers, schema+"."+index)
			return true
		}
		return d.Invalid && d.Want != "" // it can be dropped like a valid one
	})
	if len(diffs) > 0 {
		return &DriftError{Down: true, Version: s.m.dir.Word(pos.Index), Differences: diffs}
	}
	return nil
}
