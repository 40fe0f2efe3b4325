package migrator

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// Options say how far Apply and Down go.
type Options struct {
	// To is the version that the database shall be at, as migration.Dir.Resolve takes it. "": Apply goes to the head, and Down
	// takes N files back.
	To     string
	N      int  // at most that many files; 0: Apply has no limit, Down takes one back; not together with To
	DryRun bool // only return the script, and what would be lost
	Strict bool // for Apply: a database that is ahead of the directory is an error
	Yes    bool // for Down: lose the data that is lost

	// Notes, for DryRun, are comments for the script: what is known of a statement, numbered from 0, of the file
	// "VERSION_name.sql" or "down/VERSION_name.sql". nil: none.
	Notes func(file string, stmt int) []string
}

// Result is what Apply or Down did, also if it returns an error.
type Result struct {
	Down       bool
	Start, End time.Time
	Current    string            // version that the database was at, "" at the base
	Target     string            // version that it shall be at, "" for the base
	Planned    []*migration.File // what was to be run, in order
	Ran        []*FileRun        // what was run; the last may have failed
	Settled    string            // why the record had to be settled first; "" if it hadn't
	Rebuilt    []string          // by Apply: INVALID indexes of the version that were built again after all, "schema.name", quoted where needed
	Ahead      []string          // for Apply: applied versions later than all of the directory's
	Losses     []Loss            // by Down: the data that goes
	Script     string            // for DryRun: what psql -f would have to run
	Revision   string            // what alembic_version says now, "" for no row
}

// AheadError is a database with migrations that the directory doesn't have yet.
type AheadError struct{ Versions []string }

func (e *AheadError) Error() string {
	return fmt.Sprintf("the database is ahead of this directory: it has later migrations than the last one here, up to %s; check out the commit that has them, or leave -strict out", e.Versions[len(e.Versions)-1])
}

// Apply runs the pending files up to a target and records each. Then it builds the version's
// own indexes again that are INVALID, and drops what REINDEX has left of them.
//
// The error is a *usage.Error for options that contradict each other, a
// *migration.SumError, a *ConnectError, a *RefusedError, a *LockedError, a
// *revision.Problem for a record that can't be acted upon, an *AheadError if
// Strict, a *StmtError for a statement that failed, a *revision.ConflictError
// if another tool changed alembic_version meanwhile, an *OutcomeError if a
// commit's answer was lost, or what else the connection gave.
func (m *Migrator) Apply(ctx context.Context, opts Options) (*Result, error) {
	return m.migrate(ctx, opts, false)
}

// Down takes the last applied files back, newest first.
//
// Errors are those of Apply; and a *DriftError if the objects that the files
// touch are not as they were left, a *LossError if data would go without Yes.
func (m *Migrator) Down(ctx context.Context, opts Options) (*Result, error) {
	return m.migrate(ctx, opts, true)
}

func (m *Migrator) migrate(ctx context.Context, opts Options, down bool) (*Result, error) {
	start := time.Now()
	var res *Result
	err := againAfter(ctx, func() error {
		res = &Result{Down: down, Start: start}
		return m.migrateOnce(ctx, opts, res)
	})
	res.End = time.Now()
	return res, m.outcome(ctx, err)
}

func (m *Migrator) migrateOnce(ctx context.Context, opts Options, res *Result) error {
	to, err := m.target(opts)
	if err != nil {
		return err
	}
	if err := m.dir.Verify(); err != nil {
		return err
	}
	s, err := m.session(ctx, !opts.DryRun) // a dry run touches nothing, not even a lock
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
	var steps []*step
	var invalid []InvalidIndex
	if res.Down {
		steps, err = s.planDown(ctx, place, to, opts, res)
	} else {
		steps, invalid, err = s.planUp(ctx, place, to, opts, res)
	}
	for _, st := range steps {
		res.Planned = append(res.Planned, st.file)
	}
	if err != nil || len(res.Ahead) > 0 {
		return err
	}
	if opts.DryRun {
		res.Script, err = s.printed(ctx, place, steps, invalid, opts.Notes)
		return err
	}
	if len(res.Losses) > 0 && !opts.Yes {
		return &LossError{res.Losses}
	}
	if err := s.disk(ctx, append(slices.Clone(steps), &step{stmts: builds(invalid)})); err != nil {
		return err
	}
	if res.Settled, err = s.settle(ctx, place); err != nil {
		return err
	}
	if err := s.exclude(ctx, steps); err != nil {
		return err
	}
	if len(steps) > 0 {
		s.log(LogPlan{Files: res.Planned, Down: res.Down})
	}
	for _, st := range steps {
		fr, err := s.run(ctx, st)
		res.Ran = append(res.Ran, fr)
		if fr.Done {
			res.Revision = st.to
		}
		if err != nil {
			return err
		}
	}
	res.Rebuilt, err = s.mend(ctx, invalid)
	return err
}

// target resolves the option To; without it, the head.
func (m *Migrator) target(opts Options) (int, error) {
	switch {
	case opts.To != "" && opts.N != 0:
		return 0, usage.Errorf("-to and -n exclude each other")
	case opts.N < 0:
		return 0, usage.Errorf("-n=%d: it must be 1 or more", opts.N)
	case opts.To == "":
		return len(m.files) - 1, nil
	}
	return m.dir.Resolve(opts.To)
}

// planUp returns the steps from a place to the index to, and what is to be done with INVALID indexes.
func (s *session) planUp(ctx context.Context, place revision.Place, to int, opts Options, res *Result) ([]*step, []InvalidIndex, error) {
	if len(place.Ahead) > 0 {
		res.Revision = s.rec.Alembic[0]
		for _, r := range place.Ahead {
			res.Ahead = append(res.Ahead, r.Version)
		}
		if opts.Strict {
			return nil, nil, &AheadError{res.Ahead}
		}
		return nil, nil, nil
	}
	to, err := s.m.limit(to, opts, place)
	if err != nil {
		return nil, nil, err
	}
	res.Target = s.m.version(to)
	invalid, err := s.foresee(ctx, place, to)
	return s.m.pending(place, to), invalid, err
}

// limit holds the target against the place where the database is.
func (m *Migrator) limit(to int, opts Options, place revision.Place) (int, error) {
	first := place.Index + 1
	if p := place.Partial; p != nil {
		if revision.IsDown(p) {
			return 0, fmt.Errorf("the database is in the middle of taking %s back (%d of the statements of %s/%s have run); `down` goes on with it", p.Version, len(revision.DownSums(p)), migration.DownDir, m.files[place.Index].Name)
		}
		if to < first {
			return 0, fmt.Errorf("the database is in the middle of %s (%d of %d statements have run), which is after %s; `apply` to it or further finishes it", p.Version, p.Applied, p.Total, m.word(to))
		}
	}
	if opts.N > 0 {
		after, n := place.Index, opts.N
		if c := m.start(place, to); c != nil {
			after, n = c.Through, n-1
		}
		to = min(to, after+n)
	}
	if to < place.Index {
		return 0, fmt.Errorf("the database is %s, which is after %s; `down -to=%s` goes back", m.at(place.Index), m.word(to), m.word(to))
	}
	return to, nil
}

// word names an index as -to does.
func (m *Migrator) word(i int) string {
	if i < 0 {
		return "base"
	}
	return m.files[i].Version
}

// pending returns the steps from a place to the index to.
func (m *Migrator) pending(place revision.Place, to int) []*step {
	var steps []*step
	first := place.Index + 1
	if c := m.start(place, to); c != nil {
		steps, first = append(steps, m.fromCheckpoint(c)), c.Through+1
	}
	for i := first; i <= to; i++ {
		var partial = place.Partial
		if i > place.Index+1 {
			partial = nil
		}
		steps = append(steps, m.up(i, partial))
	}
	return steps
}
