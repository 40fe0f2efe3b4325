//go:build mage

// The schema is declared in schema.hcl; these targets plan, lint and apply the
// migrations that lead there, and record them in Alembic's alembic_version.
// One target a command; options are written -name=value.
package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/history"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/project"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/report"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// Plan writes the migration that takes the directory to what schema.hcl says.
//
// The difference of schema.hcl and the replayed migrations becomes a migration, a
// down and an effect file, after a throwaway PostgreSQL showed that they lead there
// and back. With nothing to do it says so and exits 0.
func Plan(ctx context.Context,
	name *string, // what the migration is called; made of what changes if not given
	rename *string, // what is the same under a new name: table.old=new, old=new (tables, enums), with commas between; or none
	env *string, // env block of atlas.hcl
	dryrun *bool, // print the files instead of writing them
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return with(ctx, flags{env: env, format: format, carried: carried}, func(ctx context.Context, c *command) error {
		if err := c.writable(); err != nil && !value(dryrun) {
			return err
		}
		cfg, err := c.planner(ctx, value(name))
		if err != nil {
			return err
		}
		cfg.Rename = value(rename)
		p, err := plan.Make(ctx, cfg)
		if err != nil {
			return err
		}
		return c.write(ctx, p, value(dryrun))
	})
}

// New writes an empty migration and its down file, to be filled in by hand.
//
// For what schema.hcl can't say: data, views, functions. Run rehash when both are written.
func New(ctx context.Context,
	name *string, // what the migration is called
	env *string, // env block of atlas.hcl
	format *string, // text or json
) error {
	return with(ctx, flags{env: env, format: format, toWrite: true}, func(ctx context.Context, c *command) error {
		p, err := plan.New(ctx, plan.Config{Base: proof.Base{Dir: c.dir}, Name: value(name)})
		if err != nil {
			return err
		}
		return c.write(ctx, p, false)
	})
}

// Check exits 3 unless the project is in order.
//
// It is in order if plan would write nothing, all sums and effects are right, and
// every down file leads back.
func Check(ctx context.Context,
	env *string, // env block of atlas.hcl
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return with(ctx, flags{env: env, format: format, carried: carried}, func(ctx context.Context, c *command) error {
		cfg, err := c.plannerFrom(ctx, "", proof.StartStates(c.dir))
		if err != nil {
			return err
		}
		r, err := history.Check(ctx, cfg.Base)
		if err != nil {
			return err
		}
		return c.out.Check(r)
	})
}

// Lint reports what is dangerous in the migrations that changed, and exits 3 for errors.
//
// Changed is what differs from the merge base with git's base branch (atlas.hcl's
// lint.git.base, the pull request's base, origin/HEAD, main or master), uncommitted files
// included; or the last files by -latest.
func Lint(ctx context.Context,
	base *string, // git revision to compare with
	latest *int, // look at the last N files instead of asking git
	url *string, // a database whose tables' sizes the findings tell; nothing else is read there
	env *string, // env block of atlas.hcl
	format *string, // text, json, sarif, markdown or github (the default inside GitHub Actions)
	out *string, // write further formats to files: sarif=FILE,markdown=FILE
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	further := []report.Format{report.GitHub, report.SARIF, report.Markdown}
	return withoutDir(ctx, flags{env: env, url: url, format: format, further: further, carried: carried}, func(ctx context.Context, c *command) error {
		last, err := count("latest", latest)
		if err != nil {
			return err
		}
		outs, err := report.ParseOuts(value(out))
		if err != nil {
			return err
		}
		r, err := c.lint(ctx, value(base), last, url != nil)
		if err != nil {
			return err
		}
		return c.showLint(r, outs)
	})
}

// Apply runs the pending migrations on a database and records them.
//
// Safe to run from several places at once, to interrupt, and to run again.
func Apply(ctx context.Context,
	to *string, // stop after this version or revision id (a prefix will do) instead of the head
	n *int, // apply N files at most
	url *string, // the database, instead of atlas.hcl's and the environment's
	env *string, // env block of atlas.hcl; local is the PostgreSQL that the tool runs itself
	dryrun *bool, // print the SQL script, touch nothing
	strict *bool, // fail if the database is ahead of the migrations here
	wait *time.Duration, // how long to wait for another who migrates, such as 5m; unlimited if not given
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	opts := migrator.Options{To: value(to), DryRun: value(dryrun), Strict: value(strict)}
	return migrate(ctx, flags{env: env, url: url, format: format, carried: carried}, wait, n, opts, (*migrator.Migrator).Apply)
}

// Down takes the newest migrations back by their down files; by default one.
//
// Refuses to lose data without -yes, and says what would be lost.
func Down(ctx context.Context,
	to *string, // go back to this version or revision id, which stays; base takes all back
	n *int, // take N files back
	url *string, // the database, instead of atlas.hcl's and the environment's
	env *string, // env block of atlas.hcl; local is the PostgreSQL that the tool runs itself
	dryrun *bool, // print the SQL script, touch nothing
	yes *bool, // lose the data that it says would be lost
	wait *time.Duration, // how long to wait for another who migrates, such as 5m; unlimited if not given
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	opts := migrator.Options{To: value(to), DryRun: value(dryrun), Yes: value(yes)}
	return migrate(ctx, flags{env: env, url: url, format: format, carried: carried}, wait, n, opts, (*migrator.Migrator).Down)
}

// Status says where a database stands, and exits 3 if something is wrong with it.
//
// Wrong is a half-applied, an edited or an out-of-order file, or an INVALID index;
// pending migrations alone are not.
func Status(ctx context.Context,
	url *string, // the database, instead of atlas.hcl's and the environment's
	env *string, // env block of atlas.hcl; local is the PostgreSQL that the tool runs itself
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return live(ctx, flags{env: env, url: url, format: format, carried: carried}, nil, false, func(ctx context.Context, c *command, m *migrator.Migrator) error {
		r, err := m.Status(ctx)
		if err != nil {
			return err
		}
		return c.out.Status(r)
	})
}

// History lists all migrations in order, and marks the database's place where there is one.
func History(ctx context.Context,
	url *string, // the database, instead of atlas.hcl's and the environment's
	env *string, // env block of atlas.hcl; local is the PostgreSQL that the tool runs itself
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return with(ctx, flags{env: env, url: url, format: format, carried: carried}, func(ctx context.Context, c *command) error {
		st, err := c.status(ctx)
		if err != nil {
			return err
		}
		return c.out.History(c.dir.Files(), c.dir.Checkpoints(), c.dir.Verify(), st)
	})
}

// Stamp sets both records to a version and runs nothing.
//
// For a database whose schema is that version's. Where it isn't, or can't be compared, it
// says what differs and exits 1 unless -yes is given.
func Stamp(ctx context.Context,
	to *string, // the version or revision id that the database is at, head or base
	url *string, // the database, instead of atlas.hcl's and the environment's
	env *string, // env block of atlas.hcl; local is the PostgreSQL that the tool runs itself
	yes *bool, // also if the schema is not that version's
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return live(ctx, flags{env: env, url: url, format: format, carried: carried}, nil, true, func(ctx context.Context, c *command, m *migrator.Migrator) error {
		r, err := m.Stamp(ctx, migrator.StampOptions{To: value(to), Yes: value(yes)})
		return c.out.Stamp(r, err)
	})
}

// Inspect prints a live database's schema as HCL.
func Inspect(ctx context.Context,
	url *string, // the database, instead of atlas.hcl's and the environment's
	env *string, // env block of atlas.hcl; local is the PostgreSQL that the tool runs itself
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return with(ctx, flags{env: env, url: url, carried: carried}, func(ctx context.Context, c *command) error {
		cfg, err := c.connConfig(ctx)
		if err != nil {
			return err
		}
		hcl, err := state.Inspect(ctx, cfg, c.options())
		if errors.As(err, new(*pgconn.ConnectError)) {
			return migrator.NewConnectError(cfg, err)
		}
		if err != nil {
			return err
		}
		return c.out.HCL(hcl)
	})
}

// Rehash computes the sums of all migrations anew, and measures their effects.
//
// Run it after writing or editing a migration by hand. Effects are measured where the
// directory replays; else it says which file doesn't, and exits 1.
func Rehash(ctx context.Context,
	env *string, // env block of atlas.hcl
) error {
	return with(ctx, flags{env: env, toWrite: true}, func(ctx context.Context, c *command) error {
		cfg, err := c.plannerFrom(ctx, "", proof.StartStates(c.dir))
		if err != nil {
			return err
		}
		return history.Rehash(ctx, cfg.Base, c.env.MigrationsDir)
	})
}

// Rebase moves this branch's own migrations behind those of the branch that it goes into.
//
// Run it once that branch is merged, or this one is rebased onto it: also with conflicts in
// atlas.sum. The files get new versions, and are proven again; if they no longer are what
// schema.hcl needs, that is said and it exits 3. A database that ran them must be taken
// back before.
func Rebase(ctx context.Context,
	base *string, // git revision to compare with; as for lint if not given
	env *string, // env block of atlas.hcl
	format *string, // text or json
) error {
	return withoutDir(ctx, flags{env: env, format: format, toWrite: true}, func(ctx context.Context, c *command) error {
		var states []string
		switch err := c.read(migration.Read); {
		case err == nil:
			states = state.Names(c.dir.Files())
		case !errors.As(err, new(migration.Errors)):
			return err // two files of one version are moved apart
		}
		cfg, err := c.plannerFrom(ctx, "", states)
		if err != nil {
			return err
		}
		r, err := history.Rebase(ctx, cfg, c.env.MigrationsDir, cmp.Or(value(base), c.env.Gate.Base))
		if err != nil {
			return err
		}
		return c.out.Rebase(r)
	})
}

// Checkpoint writes one file from which empty databases start, instead of replaying all.
//
// It holds the schema that all migrations give, without data, and is proven to. Databases
// that have run any of the migrations ignore it.
func Checkpoint(ctx context.Context,
	name *string, // what the file is called; checkpoint if not given
	env *string, // env block of atlas.hcl
	format *string, // text or json
) error {
	return with(ctx, flags{env: env, format: format, toWrite: true}, func(ctx context.Context, c *command) error {
		cfg, err := c.planner(ctx, value(name))
		if err != nil {
			return err
		}
		p, err := history.Checkpoint(ctx, cfg)
		if err != nil {
			return err
		}
		if err := p.Write(ctx, c.env.MigrationsDir); err != nil {
			return err
		}
		return c.out.Checkpoint(p)
	})
}

// Version prints the versions of this tool, of Atlas, and of the schema.
func Version(ctx context.Context,
	env *string, // env block of atlas.hcl
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return run(ctx, func(ctx context.Context) error {
		v := report.Versions{Tool: toolVersion(), Atlas: moduleVersion("ariga.io/atlas")}
		c, err := open(ctx, flags{env: env, format: format, carried: carried})
		if errors.Is(err, project.ErrNoProject) {
			p, err := printer(flags{format: format})
			if err != nil {
				return err
			}
			return p.Version(v)
		}
		if err != nil {
			return err
		}
		if err := c.read(migration.Read); err != nil {
			return err
		}
		v.Schema = c.dir
		return c.out.Version(v)
	})
}
