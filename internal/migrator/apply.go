package migrator

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// Options say how far Apply and Down go, and how.
type Options struct {
	// To is the target version, as migration.Dir.Resolve takes it. "": Apply goes to the head, and Down reverts N
	// files.
	To     string
	N      int  // how many files at most; 0: no limit for Apply, one for Down; not together with To
	DryRun bool // only return the script, and the data that would be lost
	Strict bool // for Apply: a database that is ahead of the directory is an error
	Yes    bool // for Down: proceed even if data will be lost
	// Contract is for Apply: run the files before which it would stop, as their migrate:contract says. To does the same
	// for those up to it.
	Contract bool
	// Drifted is for Apply: run the files even if objects that they change have drifted from the recorded version.
	Drifted bool

	// Notes returns, for DryRun, comments on a statement, numbered from 0, of the file "VERSION_name.sql" or
	// "down/VERSION_name.sql". nil: none.
	Notes func(file string, stmt int) []string
}

// Result is what Apply or Down did, also if it returns an error.
type Result struct {
	Down       bool
	Start, End time.Time
	Known      bool              // the record was read, so Current and Revision are the database's
	Current    string            // version that the database was at, "" at the base
	Target     string            // target version, "" for the base
	Planned    []*migration.File // files to run, in order
	Ran        []*FileRun        // files that ran; the last may have failed
	Settled    string            // why the record had to be repaired first; "" if it was consistent
	Rebuilt    []string          // by Apply: INVALID indexes of the version that were rebuilt at the end, "schema.name", quoted where needed
	Ahead      []string          // for Apply: applied versions later than the last in the directory
	Losses     []Loss            // by Down: the data that is lost
	// Waiting is for Apply: the pending files that it didn't run because it stopped before the first, a contract file.
	Waiting []*migration.File
	// Passed are the contract files among Planned before which Apply stops unless the options say otherwise.
	Passed []*migration.File
	// Drift is for Apply with pending files: how the database differed from its version before, and apply went on.
	Drift    []catalog.Difference
	Script   string // for DryRun: the script for psql -f
	Revision string // in alembic_version now, "" for no row
}

// AheadError means that the database has migrations later than the last one in the directory.
type AheadError struct{ Versions []string }

func (e *AheadError) Error() string {
	return fmt.Sprintf("the database is ahead of this directory: it has later migrations than the last one here, up to %s; check out the commit that has them, or omit -strict", e.Versions[len(e.Versions)-1])
}

// Apply runs the pending files up to a target and records each. Then it rebuilds INVALID indexes that belong to the
// version, and drops the INVALID copies that REINDEX left. Without a target, it stops before the first contract file,
// unless the database is at the base, or an earlier run has begun that file.
//
// The error is a *usage.Error for options that contradict each other, a *migration.SumError, a *ConnectError, a
// *RefusedError, a *LockedError, a *revision.Problem for a record that doesn't say what to do, an *AheadError if
// Strict, a *DriftError if objects that the files change have drifted and Drifted isn't set, a *StmtError for a
// statement that failed, a *revision.ConflictError if another tool changed alembic_version at the same time, an
// *OutcomeError if the connection was lost during a commit, or another error of the connection.
func (m *Migrator) Apply(ctx context.Context, opts Options) (*Result, error) {
	return m.migrate(ctx, opts, false)
}

// Down reverts the last applied files, newest first.
//
// Errors are those of Apply, and a *DriftError if objects that the files touch have changed since, a *LossError if data
// would be lost and Yes isn't set.
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
	s, err := m.session(ctx, !opts.DryRun) // a dry run takes no lock
	if err != nil {
		return err
	}
	defer s.close(ctx)

	pos, err := s.judge(ctx)
	res.Current = m.version(pos.Index)
	if err != nil {
		return err
	}
	res.Known, res.Revision = true, m.revision(pos.Index)
	var steps []*step
	var invalid []InvalidIndex
	if res.Down {
		steps, err = s.planDown(ctx, pos, to, opts, res)
	} else {
		steps, invalid, err = s.planUp(ctx, pos, to, opts, res)
	}
	for _, st := range steps {
		res.Planned = append(res.Planned, st.file)
	}
	if err != nil || len(res.Ahead) > 0 {
		return err
	}
	if err := s.fits(steps); err != nil {
		return err
	}
	if opts.DryRun {
		res.Script, err = s.printed(ctx, pos, steps, invalid, opts.Notes)
		return err
	}
	if len(res.Losses) > 0 && !opts.Yes {
		return &LossError{res.Losses}
	}
	if err := s.disk(ctx, append(slices.Clone(steps), &step{stmts: builds(invalid)})); err != nil {
		return err
	}
	if res.Settled, err = s.settle(ctx, pos); err != nil {
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
	res.Rebuilt, err = s.repair(ctx, invalid)
	return err
}

// target resolves opts.To, by default the head.
func (m *Migrator) target(opts Options) (int, error) {
	switch {
	case opts.To != "" && opts.N != 0:
		return 0, usage.Errorf("-to and -n can't be used together")
	case opts.N < 0:
		return 0, usage.Errorf("-n=%d: it must be 1 or more", opts.N)
	case opts.To == "":
		return len(m.files) - 1, nil
	}
	return m.dir.Resolve(opts.To)
}

// planUp returns the steps from a position up to the index to, and the INVALID indexes.
func (s *session) planUp(ctx context.Context, pos revision.Position, to int, opts Options, res *Result) ([]*step, []InvalidIndex, error) {
	if len(pos.Ahead) > 0 {
		res.Revision = s.rec.Alembic[0]
		for _, r := range pos.Ahead {
			res.Ahead = append(res.Ahead, r.Version)
		}
		if opts.Strict {
			return nil, nil, &AheadError{res.Ahead}
		}
		return nil, nil, nil
	}
	to, err := s.m.limit(to, opts, pos)
	if err != nil {
		return nil, nil, err
	}
	to = s.m.stop(pos, to, opts, res)
	res.Target = s.m.version(to)
	invalid, err := s.foresee(ctx, pos, to)
	if err != nil {
		return nil, nil, err
	}
	steps := s.m.pending(pos, to)
	for _, st := range steps {
		if st.file.Unwritten() {
			return steps, nil, fmt.Errorf("%s is still the template that `new` wrote: write its statements and its down file, and run `rehash`; or delete the migration with both its files in %s and %s, and run `rehash`",
				st.file.Name, migration.DownDir, migration.EffectDir)
		}
	}
	res.Drift, err = s.drifted(ctx, pos, steps, opts.Drifted)
	return steps, invalid, err
}

// limit returns the target that the options and the position of the database allow.
func (m *Migrator) limit(to int, opts Options, pos revision.Position) (int, error) {
	first := pos.Index + 1
	if p := pos.Partial; p != nil {
		if revision.IsDown(p) {
			return 0, fmt.Errorf("migration %s is half reverted (%d of the statements of %s/%s have run); `down` continues", p.Version, revision.DownApplied(p), migration.DownDir, m.files[pos.Index].Name)
		}
		if to < first {
			return 0, fmt.Errorf("migration %s is half applied (%d of %d statements have run) and is later than %s; `apply` to it or a later version finishes it", p.Version, p.Applied, p.Total, m.dir.Word(to))
		}
	}
	if opts.N > 0 {
		after, n := pos.Index, opts.N
		if c := m.start(pos, to); c != nil {
			after, n = c.Through, n-1
		}
		to = min(to, after+n)
	}
	if to < pos.Index {
		return 0, fmt.Errorf("the database is %s, which is later than %s; `down -to=%s` reverts to that", m.at(pos.Index), m.dir.Word(to), m.dir.Word(to))
	}
	return to, nil
}

// pending returns the steps from a position up to the index to.
func (m *Migrator) pending(pos revision.Position, to int) []*step {
	var steps []*step
	first := pos.Index + 1
	if c := m.start(pos, to); c != nil {
		steps, first = append(steps, m.fromCheckpoint(c)), c.Through+1
	}
	for i := first; i <= to; i++ {
		var partial = pos.Partial
		if i > pos.Index+1 {
			partial = nil
		}
		steps = append(steps, m.up(i, partial))
	}
	return steps
}
