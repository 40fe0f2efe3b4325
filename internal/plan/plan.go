// Package plan writes the difference between schema.hcl and the migrations as new migrations, and proves them first:
// the old and new migrations produce what schema.hcl declares, and every down file reverts its migration. Proofs
// compare PostgreSQL's catalogs and don't rely on what planned the statements, package online. This package chooses
// names and versions of files and writes their text.
package plan

import (
	"cmp"
	"context"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/state"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// Config is the input of this package's functions. New needs no server.
type Config struct {
	proof.Base
	// Name is the new migration's name without the version, such as "add_results_flaky". If it is empty, Make derives
	// one from the changes.
	Name string
	// Rename lists what of that which Make would drop and add is renamed instead: "results.env=environment",
	// "old=new" for tables and types, separated by commas, names in double quotes where they need them, and "none" to
	// decline the rest. If it is empty and something could be renamed, Make returns an *online.RenameError.
	Rename string
	// Oldest is the lowest major version of PostgreSQL that the migrations run on, 0 if unknown.
	Oldest int
	// Types says how types of columns change.
	Types online.Options
	// Now is the time that versions are made from. The zero time means time.Now().
	Now time.Time
}

// A File is a migration that has not been written yet.
type File struct {
	migration.Draft
	Version string
	Effect  catalog.Effect
	// Losses are what it destroys, such as "column public.results.source".
	Losses []string
	// Hazards are those of the migration, DownHazards those of its down file.
	Hazards, DownHazards []hazard.Hazard
	// NoWayBack is why the migration cannot be reverted, on one line, "" if it can.
	NoWayBack string
	// Does describes each statement on a line: the first line of its comment, or of its SQL.
	Does []string
	// ByHand reports that the user must write the migration and its down file.
	ByHand bool
	// Contract reports that apply stops before the migration, because it drops what a running application or the
	// down files may need.
	Contract bool

	up, down         proof.Script
	renames, passing bool
}

// EffectLines returns the lines of the effect file.
func (f File) EffectLines() []string { return f.Effect.Lines(f.up.Stmts...) }

// A Plan is what must be written for the migrations to produce what schema.hcl declares.
type Plan struct {
	// Files are the new migrations in order, none if there is nothing to do.
	Files []File
	// Outside is what schema.hcl doesn't manage after the migrations, except for what belongs to objects that the
	// plan changes or creates again.
	Outside []state.Outside

	dir *migration.Dir
}

// Counts returns what the plan changes.
func (p *Plan) Counts() []catalog.Count {
	var effects []catalog.Effect
	var stmts [][]pgsql.Stmt
	for _, f := range p.Files {
		effects, stmts = append(effects, f.Effect), append(stmts, f.up.Stmts)
	}
	return catalog.Counts(effects, stmts)
}

// To returns a plan that writes files to a directory.
func To(dir *migration.Dir, files ...File) *Plan { return &Plan{Files: files, dir: dir} }

// Make plans the difference between schema.hcl and the replayed directory and proves the plan. It writes nothing.
//
// The error is
//   - a *usage.Error for a name or a value of -rename that is not valid,
//   - a *migration.SumError for a directory that was edited without rehash,
//   - a *schemahcl.Error for the schema file,
//   - a *runner.StmtError for a migration that fails,
//   - an *online.RenameError or *online.RenameFlagError for undecided or impossible renames,
//   - a *state.LossError for a change that would lose unmanaged properties,
//   - a *state.EngineError for a change that Atlas's engine refuses,
//   - a *RefusedError for a change that would not be safe, or
//   - a *proof.Error with the differences if the plan is wrong.
func Make(ctx context.Context, cfg Config) (*Plan, error) {
	if cfg.Name != "" {
		if err := CheckName(cfg.Name); err != nil {
			return nil, err
		}
	}
	if err := cfg.Dir.Verify(); err != nil {
		return nil, err
	}
	p := &Plan{dir: cfg.Dir}
	replay := func(ctx context.Context) (*state.State, error) {
		return state.Replay(ctx, cfg.Server, cfg.Dir, len(cfg.Dir.Files())-1, cfg.Options)
	}
	same := proof.NewSame(cfg.Base)
	if cfg.Rename == "" && same.Likely() {
		replayed, err := replay(ctx)
		if err != nil {
			return nil, err
		}
		if same.Sure(replayed.Catalog) {
			defer replayed.Close()
			return p.nothing(ctx, replayed)
		}
		replay = func(context.Context) (*state.State, error) { return replayed, nil }
	}
	replayed, desired, err := proof.States(ctx, cfg.Base, replay)
	if err != nil {
		return nil, err
	}
	defer replayed.Close()
	defer desired.Close()
	w, err := propose(ctx, cfg, replayed, desired)
	if err != nil {
		return nil, err
	}
	p.Files = w.files
	if len(p.Files) == 0 {
		same.Remember(replayed.Catalog)
		return p.nothing(ctx, replayed)
	}
	planned := make([]proof.Planned, len(p.Files))
	for i, f := range p.Files {
		planned[i] = proof.Planned{Up: f.up, Down: f.down, Renames: f.renames, Passing: f.passing}
	}
	effects, grants, outside, err := proof.Prove(ctx, cfg.Base, planned, replayed, proof.Goal{Want: w.want, Before: w.before, Unmanaged: w.unmanaged})
	if err != nil {
		return nil, err
	}
	for i, effect := range effects {
		p.Files[i].Effect, p.Files[i].Draft.Effect = effect, effect.Text(p.Files[i].up.Stmts...)
		p.Files[i].regrant(grants[i])
	}
	p.Outside = outside
	return p, nil
}

// nothing returns p, a plan with nothing to do, with what is outside the schema file.
func (p *Plan) nothing(ctx context.Context, replayed *state.State) (_ *Plan, err error) {
	p.Outside, err = replayed.Outside(ctx, func(catalog.Line) bool { return true })
	return p, err
}

// A proposal is a plan that is not proven yet.
type proposal struct {
	files  []File
	want   catalog.Catalog // of the schema file
	before catalog.Catalog // of the replayed state after all renames
	// unmanaged are the schemas that the schema file doesn't manage, as SQL identifiers.
	unmanaged []string
}

// propose plans the way from the replayed to the desired state. It leaves the replayed state as it was, also with an
// error; the desired one gets the unmanaged properties.
func propose(ctx context.Context, cfg Config, replayed, desired *state.State) (_ *proposal, err error) {
	renamed, err := online.ApplyRenames(ctx, cfg.Rename, replayed, desired)
	defer func() { err = cmp.Or(err, online.RevertRenames(ctx, replayed, renamed)) }()
	if err != nil {
		return nil, err
	}
	if err := state.CarryOver(ctx, replayed, desired); err != nil {
		return nil, err
	}
	w := &proposal{}
	if w.unmanaged, err = replayed.UnmanagedSchemas(ctx, desired.Catalog); err != nil {
		return nil, err
	}
	have, outside := state.Split(replayed.Catalog, w.unmanaged...)
	want, _ := state.Split(desired.Catalog, w.unmanaged...)
	w.want, w.before = want, replayed.Catalog
	if err := cmp.Or(clash(want, outside), clashNumbers(replayed.Catalog, desired.Catalog)); err != nil {
		return nil, err
	}
	ops := online.RenameOps(renamed)
	if !want.Equal(have) {
		options := cfg.Types
		options.Oldest = min(cfg.Oldest, cfg.Server.VersionNum()/10000)
		more, refusals, err := online.Diff(ctx, replayed, desired, w.unmanaged, options)
		if err != nil {
			return nil, err
		}
		if len(refusals) > 0 {
			return nil, &RefusedError{refusals}
		}
		if len(more) == 0 {
			return nil, &proof.Error{Differences: catalog.Diff(want, have)}
		}
		ops = append(ops, more...)
	}
	if len(ops) == 0 {
		return w, nil
	}
	if cfg.Name == "" {
		cfg.Name = derived(online.Name(ops))
	}
	w.files, err = files(cfg, online.Files(ops))
	return w, err
}

// Write writes the plan's files to the migrations folder root, all or none. The folder must be as it was when it was
// read.
func (p *Plan) Write(ctx context.Context, root string) error {
	drafts := make([]migration.Draft, len(p.Files))
	for i, f := range p.Files {
		drafts[i] = f.Draft
	}
	return p.dir.Write(ctx, root, drafts)
}

// ErrNoName is the *usage.Error of New without a name.
var ErrNoName = usage.Errorf("a new migration needs a name, such as -name=backfill_runs")

// New returns an empty migration with its down and effect files, to be written by hand. It writes nothing and needs
// no server. The error is a *usage.Error.
func New(_ context.Context, cfg Config) (*Plan, error) {
	if cfg.Name == "" {
		return nil, ErrNoName
	}
	if err := CheckName(cfg.Name); err != nil {
		return nil, err
	}
	version := migration.NextVersion(cfg.Dir, cfg.Time(), 0)
	f := File{Version: version, ByHand: true}
	f.Name = version + "_" + cfg.Name + ".sql"
	f.SQL = migration.Template
	f.Down = migration.DownTemplate
	f.Draft.Effect = f.Effect.String()
	return To(cfg.Dir, f), nil
}

// Time returns the time that versions are made from.
func (c Config) Time() time.Time {
	if c.Now.IsZero() {
		return time.Now()
	}
	return c.Now
}
