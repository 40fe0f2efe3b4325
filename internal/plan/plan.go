// Package plan turns the difference between schema.hcl and the migrations into new
// migrations, and proves them before they are written: the old directory and the new
// files give what schema.hcl says, and the down files lead back. Proofs compare
// PostgreSQL's catalogs and never ask the engine that planned.
package plan

import (
	"cmp"
	"context"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/state"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// Config is what the functions of this package work on. New needs no server.
type Config struct {
	proof.Base
	// Name is the new migration's name without the version, "add_results_flaky". Make
	// derives one from what changes if it is empty.
	Name string
	// Rename says which of what Make drops and adds is the same under another name:
	// "results.env=environment", "old=new" for tables and types, several with commas
	// between them, names with double quotes where they need them; "none" for no more. If
	// it is empty, Make asks where there could be one, by an *online.RenameError.
	Rename string
	// Now is the time that versions are made from; the zero time is time.Now().
	Now time.Time
}

// A File is a migration that does not stand in the directory yet.
type File struct {
	migration.Draft
	Version string
	Effect  catalog.Effect
	// Losses are what its way up destroys, "column public.results.source".
	Losses []string
	// Hazards are what its way up costs and what can go wrong with it, DownHazards the same of its way back.
	Hazards, DownHazards []hazard.Hazard
	// NoWayBack is why there is no way back, on one line; empty if there is one.
	NoWayBack string
	// Does says what its statements do, a line for each: the first of the comment above it, or of the statement.
	Does []string
	// ByHand says that somebody has to write what it does, and its way back.
	ByHand bool

	up, down proof.Script
	renames  bool
}

// A Plan is what must be written for the directory to give what schema.hcl says.
type Plan struct {
	// Files in order; none if there is nothing to do.
	Files []File
	// Outside is what stands outside schema.hcl, in the migrations and after them, but for what
	// belongs to an object that the plan changes or makes anew.
	Outside []state.Outside

	dir *migration.Dir
}

// To returns a plan of files that were made elsewhere, to be written to a directory.
func To(dir *migration.Dir, files ...File) *Plan { return &Plan{Files: files, dir: dir} }

// Make plans the difference between schema.hcl and the replayed directory and proves the
// plan both ways. It writes nothing.
//
// The error is a *usage.Error for a name or a -rename that cannot be meant, a
// *migration.SumError for a directory that was edited without rehash, a *schemahcl.Error for the schema file, a *runner.StmtError for a
// migration that does not replay, an *online.RenameError or *online.RenameFlagError for what could be a
// rename, a *state.LossError for a change that would lose what the schema file cannot say, an
// *state.EngineError for a change that the engine refuses, a *RefusedError for a change that would
// not be safe, and a *proof.Error for a plan that does not give what it should; it says what
// differs.
func Make(ctx context.Context, cfg Config) (*Plan, error) {
	if cfg.Name != "" {
		if err := CheckName(cfg.Name); err != nil {
			return nil, err
		}
	}
	if err := cfg.Dir.Verify(); err != nil {
		return nil, err
	}
	replayed, desired, err := proof.States(ctx, cfg.Base, func(ctx context.Context) (*state.State, error) {
		return state.Replay(ctx, cfg.Server, cfg.Dir, len(cfg.Dir.Files())-1, cfg.Options)
	})
	if err != nil {
		return nil, err
	}
	defer replayed.Close()
	defer desired.Close()
	p := &Plan{dir: cfg.Dir}
	w, err := work(ctx, cfg, replayed, desired)
	if err != nil {
		return nil, err
	}
	p.Files = w.files
	if len(p.Files) == 0 {
		p.Outside, err = replayed.Outside(ctx, func(catalog.Line) bool { return true })
		return p, err
	}
	ways := make([]proof.Ways, len(p.Files))
	for i, f := range p.Files {
		ways[i] = proof.Ways{Up: f.up, Down: f.down, Renames: f.renames}
	}
	effects, grants, outside, err := proof.Prove(ctx, cfg.Base, ways, replayed, proof.Goal{Want: w.want, Before: w.before, Kept: w.kept})
	if err != nil {
		return nil, err
	}
	for i, effect := range effects {
		p.Files[i].Effect, p.Files[i].Draft.Effect = effect, effect.String()
		p.Files[i].regrant(grants[i])
	}
	p.Outside = outside
	return p, nil
}

// A worked plan is one that is not proven yet.
type worked struct {
	files  []File
	want   catalog.Catalog // what the schema file says
	before catalog.Catalog // of all that there is when everything has its new name
	kept   []string        // schemas that stand outside
}

// work plans from the replayed to the desired state. The replayed one is afterwards as it
// was, with an error too; the desired one has what the schema file cannot say.
func work(ctx context.Context, cfg Config, replayed, desired *state.State) (_ *worked, err error) {
	renamed, err := online.ApplyRenames(ctx, cfg.Rename, replayed, desired)
	defer func() { err = cmp.Or(err, online.RevertRenames(ctx, replayed, renamed)) }()
	if err != nil {
		return nil, err
	}
	if err := state.CarryOver(ctx, replayed, desired); err != nil {
		return nil, err
	}
	w := &worked{}
	if w.kept, err = replayed.UnmanagedSchemas(ctx, desired.Catalog); err != nil {
		return nil, err
	}
	have, outside := state.Split(replayed.Catalog, w.kept...)
	want, _ := state.Split(desired.Catalog, w.kept...)
	w.want, w.before = want, replayed.Catalog
	if err := cmp.Or(clash(want, outside), clashNumbers(replayed.Catalog, desired.Catalog)); err != nil {
		return nil, err
	}
	ops := online.RenameOps(renamed)
	if !want.Equal(have) {
		more, refusals, err := online.Diff(ctx, replayed, desired, w.kept)
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
		cfg.Name = clean(online.Name(ops))
	}
	w.files, err = files(cfg, online.Files(ops))
	return w, err
}

// Write writes the plan's files to the migrations folder root, all or none. The folder
// must still be as it was read.
func (p *Plan) Write(ctx context.Context, root string) error {
	drafts := make([]migration.Draft, len(p.Files))
	for i, f := range p.Files {
		drafts[i] = f.Draft
	}
	return p.dir.Write(ctx, root, drafts)
}

// ErrNoName is New's error without a name, a *usage.Error.
var ErrNoName = usage.Errorf("a new migration needs a name, such as -name=backfill_runs")

// New returns an empty migration with its down and effect files, for changes that are
// written by hand. It writes nothing and needs no server. The error is a *usage.Error.
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
	f.SQL = newUp
	f.Down = newDown
	f.Draft.Effect = f.Effect.String()
	return To(cfg.Dir, f), nil
}

const (
	newUp = `-- Write the change here as SQL; all of it runs in one transaction. Then write the down
-- file, and run rehash, which measures the effect.
--
-- What PostgreSQL refuses in a transaction, and what commits in batches, needs a file of
-- its own without one: the README's section on data shows such a file.
`
	newDown = `-- Write here what takes the change back. If nothing can, let the file begin with the line
--   "-- alembic:down none REASON"
-- without the quotes, and an empty line after it.
`
)

// Time is the time that versions are made from.
func (c Config) Time() time.Time {
	if c.Now.IsZero() {
		return time.Now()
	}
	return c.Now
}
