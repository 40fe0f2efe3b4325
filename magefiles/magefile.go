//go:build mage

// The schema is declared in schema.hcl. These targets plan, lint and apply the migrations that produce it, and record
// them in Alembic's alembic_version. Give one target per command, and options as -name=value.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	revisions "github.com/ibutsu/ibutsu-schema/internal/alembic"
	"github.com/ibutsu/ibutsu-schema/internal/cmdline"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/history"
	"github.com/ibutsu/ibutsu-schema/internal/importer"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/onboard"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/project"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/report"
	"github.com/ibutsu/ibutsu-schema/internal/site"
	"github.com/ibutsu/ibutsu-schema/internal/state"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// Init begins a project in the current folder: it writes the files that are missing.
//
// They are a project file, an empty schema file, .gitattributes, .gitignore, and the migrations folder. It never
// overwrites a file.
func Init(ctx context.Context,
	github *bool, // also write a workflow for GitHub, which checks pull requests
	format *string, // text or json
) error {
	return run(ctx, func(ctx context.Context) error {
		p, err := printer(flags{format: format})
		if err != nil {
			return err
		}
		at := onboard.DefaultPaths
		e, err := project.Load(ctx, project.Options{Checks: lint.CheckNames(), Carried: new(false)})
		switch {
		case errors.Is(err, project.ErrNoProject):
			e = &project.Env{Root: "."}
		case err != nil:
			return err
		case e.Above:
			return fmt.Errorf("this folder belongs to the project in %s: run init there, or in another folder", e.Root)
		default:
			at.Schema, at.Migrations = e.Schema, e.Migrations
		}
		r, err := onboard.Init(ctx, e.Root, at, value(github))
		if err != nil {
			return err
		}
		return p.Init(r)
	})
}

// Baseline begins with an existing database that nobody manages: it writes its schema, and a migration that creates it.
//
// The migration has what schema.hcl can't express, too. It is first tested on a throwaway PostgreSQL: an empty database
// gets the same schema from it. With -stamp, the database is then recorded as being at it; otherwise nothing is written
// there. It never overwrites a file.
func Baseline(ctx context.Context,
	revision *string, // revision id of the migration, by default its version; Alembic's, if that has managed the database
	stamp *bool, // record that the database is at the migration
	url *string, // the database, instead of atlas.hcl's and the environment's
	env *string, // env block of atlas.hcl; local is the PostgreSQL that the tool runs itself
	format *string, // text or json
) error {
	return with(ctx, flags{env: env, url: url, format: format, toWrite: true}, func(ctx context.Context, c *command) error {
		r, err := c.baseline(ctx, value(revision), value(stamp))
		return c.out.Baseline(r, err)
	})
}

// Plan writes the migration that makes the directory produce schema.hcl.
//
// The difference between schema.hcl and the replayed migrations becomes a migration, a down and an effect file. They
// are first tested in both directions on a throwaway PostgreSQL. If there is no difference, it says so and exits 0.
func Plan(ctx context.Context,
	name *string, // name of the migration, by default made from the changes
	rename *string, // what was renamed: table.old=new for columns, enum.old=new for values of enums, old=new for tables and enums, separated by commas; or none
	inplace *string, // columns, as table.column, whose types change in one statement that rewrites the table, separated by commas
	timezone *string, // time zone of the values of columns that change between timestamp and timestamptz, such as UTC
	env *string, // env block of atlas.hcl
	dryrun *bool, // print the files instead of writing them
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return with(ctx, flags{env: env, format: format, carried: carried}, func(ctx context.Context, c *command) error {
		if err := c.writable(); err != nil && !value(dryrun) {
			return err
		}
		if err := c.hasMigrations(); err != nil {
			return err
		}
		cfg, err := c.planner(ctx, value(name))
		if err != nil {
			return err
		}
		cfg.Rename = value(rename)
		if cfg.Types, err = types(cfg.Types, inplace, timezone); err != nil {
			return err
		}
		p, err := plan.Make(ctx, cfg)
		if err != nil {
			return err
		}
		return c.write(ctx, p, value(dryrun))
	})
}

// New writes an empty migration and its down file, for you to fill in.
//
// Use it for what schema.hcl can't express: data, views, functions. Run rehash when you have written both.
func New(ctx context.Context,
	name *string, // name of the migration
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
// It is in order if the migrations produce schema.hcl, all sums and effects are right, every down file reverses its
// migration, and the pages that docs has written are up to date.
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
		if err := c.checkDocs(r); err != nil {
			return err
		}
		return c.out.Check(r)
	})
}

// Docs writes the documentation of the schema that the migrations produce: an index, a page for each table, diagrams.
//
// It removes the pages of tables that are gone, touches no file that it hasn't written, and needs no server. While
// there are pages in docs/schema that are out of date, check fails.
func Docs(ctx context.Context,
	out *string, // folder for the pages, inside the project, by default docs/schema
	env *string, // env block of atlas.hcl
	format *string, // text or json
) error {
	return with(ctx, flags{env: env, format: format, toWrite: true}, func(ctx context.Context, c *command) error {
		cfg := c.docs()
		if out != nil {
			cfg.Out = *out
		}
		r, err := site.Write(ctx, c.env.Root, cfg)
		if err != nil {
			return err
		}
		return c.out.Docs(r)
	})
}

// Lint reports what is dangerous in changed migrations, and exits 3 for errors.
//
// Changed migrations are those that differ from the merge base with git's base branch (atlas.hcl's lint.git.base, the
// pull request's base, origin/HEAD, main or master), including uncommitted files; or with -latest, the last ones.
func Lint(ctx context.Context,
	base *string, // git revision to compare with
	latest *int, // lint the last N files instead of those that git shows as changed
	url *string, // a database for the sizes of tables and the planner's estimates; no rows are read
	snapshot *string, // write the sizes of the database's tables to this file, for atlas.hcl's lint.sizes, and lint nothing
	env *string, // env block of atlas.hcl
	format *string, // text, json, sarif, markdown or github (the default inside GitHub Actions)
	out *string, // write more formats to files: sarif=FILE,markdown=FILE
	list *bool, // print the checks, and lint nothing
	explain *string, // print the page about a check, by its name or code, and lint nothing
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	if value(list) || explain != nil {
		return checks(flags{format: format}, explain)
	}
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
		if snapshot != nil {
			return c.snapshot(ctx, *snapshot)
		}
		r, err := c.lint(ctx, value(base), last, url != nil)
		if err != nil {
			return err
		}
		return c.showLint(r, outs)
	})
}

// Review writes a page about changed migrations for their reviewers: one HTML file that needs nothing else.
//
// It begins with a verdict, such as "destroys data; needs a window; can be reverted", and shows the schema before and
// after the change, and the locks, scans, rewrites and findings of each statement. It checks what lint checks, and
// exits 0 whatever it finds.
func Review(ctx context.Context,
	base *string, // git revision to compare with, by default as for lint
	latest *int, // show the last N files instead of those that git shows as changed
	out *string, // the file to write, by default review.html; - is standard output
	url *string, // a database for the sizes of tables and the planner's estimates; no rows are read
	env *string, // env block of atlas.hcl
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return withoutDir(ctx, flags{env: env, url: url, carried: carried}, func(ctx context.Context, c *command) error {
		last, err := count("latest", latest)
		if err != nil {
			return err
		}
		file := "review.html"
		if out != nil {
			file = *out
		}
		if err := tree.Writable(file); err != nil && file != "-" {
			return usage.Errorf("-out=%s: %v", file, err)
		}
		r, err := c.lint(ctx, value(base), last, url != nil)
		if err != nil {
			return err
		}
		return c.review(ctx, r, file)
	})
}

// Apply runs the pending migrations on a database and records them.
//
// It is safe to run concurrently, to interrupt, and to run again. It stops before a migration with
// "-- migrate:contract", unless -contract or -to says otherwise.
func Apply(ctx context.Context,
	to *string, // version or revision id to stop at, or a prefix of one; by default the head
	n *int, // apply at most N files
	url *string, // the database, instead of atlas.hcl's and the environment's
	env *string, // env block of atlas.hcl; local is the PostgreSQL that the tool runs itself
	contract *bool, // run contract migrations, too: no running application needs what they remove
	dryrun *bool, // print the SQL script and change nothing
	drifted *bool, // go on even if objects that the migrations change have drifted from the recorded version
	strict *bool, // fail if the database is ahead of the migrations here
	wait *time.Duration, // how long to wait for another session that migrates, such as 5m; by default unlimited
	metrics *string, // write metrics of the run to this file, also if it fails, for Prometheus
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	opts := migrator.Options{To: value(to), DryRun: value(dryrun), Drifted: value(drifted), Strict: value(strict), Contract: value(contract)}
	f := flags{env: env, url: url, format: format, carried: carried, metrics: metricsOf("apply", metrics)}
	return migrate(ctx, f, wait, n, opts, (*migrator.Migrator).Apply)
}

// Down reverts the newest migrations by their down files; by default one.
//
// Without -yes it refuses to lose data, and says what would be lost.
func Down(ctx context.Context,
	to *string, // version or revision id to revert to; base reverts all
	n *int, // revert N files
	url *string, // the database, instead of atlas.hcl's and the environment's
	env *string, // env block of atlas.hcl; local is the PostgreSQL that the tool runs itself
	dryrun *bool, // print the SQL script and change nothing
	yes *bool, // proceed even if data will be lost
	wait *time.Duration, // how long to wait for another session that migrates, such as 5m; by default unlimited
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	opts := migrator.Options{To: value(to), DryRun: value(dryrun), Yes: value(yes)}
	return migrate(ctx, flags{env: env, url: url, format: format, carried: carried}, wait, n, opts, (*migrator.Migrator).Down)
}

// Status shows the status of a database, and exits 3 if something is wrong with it.
//
// Something is wrong if a file is half applied, edited or out of order, or an index is INVALID. Pending migrations are
// fine, except with -ready.
func Status(ctx context.Context,
	ready *bool, // exit 3 if migrations are pending that apply would run, too
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
		return c.out.Status(r, value(ready))
	})
}

// History lists all migrations in order, and marks the position of the database, if one is named.
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

// Drift compares a database with its recorded version, and exits 3 if they differ in more than names.
//
// It writes nothing, and blocks neither reads nor writes. It says what differs, how many rows conflict, and what
// isn't in schema.hcl. Differences that atlas.hcl's drift block ignores don't count.
func Drift(ctx context.Context,
	with *string, // compare with this instead: FILE.sql, whose statements run on a throwaway server, FILE.hcl or postgres://...
	count *bool, // count rows for as long as it takes, instead of for 0.3 s
	url *string, // the database, instead of atlas.hcl's and the environment's
	env *string, // env block of atlas.hcl; local is the PostgreSQL that the tool runs itself
	metrics *string, // write metrics of the run to this file, also if it fails, for Prometheus
	format *string, // text, json or markdown
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	f := flags{env: env, url: url, format: format, further: []report.Format{report.Markdown}, carried: carried, metrics: metricsOf("drift", metrics)}
	return live(ctx, f, nil, false, func(ctx context.Context, c *command, m *migrator.Migrator) error {
		opts, err := c.driftOptions(ctx, value(with))
		if err != nil {
			return err
		}
		if value(count) {
			opts.Budget = -1
		}
		r, err := adopt.FindDrift(ctx, m, c.dir, opts)
		if err != nil {
			return err
		}
		c.metrics.Drift = r
		return c.out.Drift(r)
	})
}

// Stamp sets both records to a version without running anything.
//
// Use it for a database whose schema is that version's. If it isn't, or can't be compared, it shows the differences and
// exits 1 unless -yes is given.
func Stamp(ctx context.Context,
	to *string, // the version or revision id that the database is at, head or base
	url *string, // the database, instead of atlas.hcl's and the environment's
	env *string, // env block of atlas.hcl; local is the PostgreSQL that the tool runs itself
	yes *bool, // even if the schema isn't that version's
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return live(ctx, flags{env: env, url: url, format: format, carried: carried}, nil, true, func(ctx context.Context, c *command, m *migrator.Migrator) error {
		r, err := m.Stamp(ctx, migrator.StampOptions{To: value(to), Yes: value(yes)})
		return c.out.Stamp(r, err)
	})
}

// Adopt finds out which version a database has that another tool has managed, and records it.
//
// It compares the record, the schema and the data with those of each version, and shows what it found. It writes only
// with -yes. It exits 0 if the version is recorded, 3 if it can be, and 1 if something prevents that. With -repair, it
// plans the statements that bring the schema to the version's, tests them on a throwaway PostgreSQL, and with -yes runs
// them as apply runs migrations.
func Adopt(ctx context.Context,
	to *string, // the version or revision id to record, if its schema is also that of others
	url *string, // the database, instead of atlas.hcl's and the environment's
	env *string, // env block of atlas.hcl; local is the PostgreSQL that the tool runs itself
	yes *bool, // record the version; with -repair, run the repair first
	repair *bool, // plan the statements that bring the schema to the version's
	file *string, // with -repair: a file with SQL that runs first, such as the repair.sql that was written for decisions
	dropextra *bool, // with -repair: drop the tables, columns, constraints and indexes that the version doesn't have
	dryrun *bool, // with -repair: print the statements as a script for psql
	wait *time.Duration, // how long to wait for another session that migrates, such as 5m; by default unlimited
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return live(ctx, flags{env: env, url: url, format: format, carried: carried}, wait, value(yes) && !value(repair), func(ctx context.Context, c *command, m *migrator.Migrator) error {
		switch {
		case !value(repair) && (file != nil || value(dropextra) || value(dryrun)):
			return usage.Errorf("-file, -dropextra and -dryrun need -repair")
		case value(repair):
			return c.repair(ctx, m, value(to), adopt.RepairConfig{DropExtra: value(dropextra), Yes: value(yes)}, value(file), value(dryrun))
		}
		r, err := adopt.Adopt(ctx, m, c.dir, adopt.Options{To: value(to), Yes: value(yes)})
		return c.out.Adopt(r, err)
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
		hcl, err := state.Inspect(ctx, cfg, c.options(), state.CheckOn(func(ctx context.Context) (*devdb.Server, error) { return c.server(ctx, nil) }))
		if errors.As(err, new(*pgconn.ConnectError)) {
			return migrator.NewConnectError(cfg, err)
		}
		if err != nil {
			return err
		}
		return c.out.HCL(hcl)
	})
}

// Rehash recomputes the sums of all migrations, and measures their effects.
//
// Run it after writing or editing a migration by hand. If a file fails in the replay, effects can't be measured: it
// says which, and exits 1.
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

// Rebase moves this branch's migrations after those of the branch that it merges into.
//
// Run it after merging that branch, or rebasing onto it, even with conflicts in atlas.sum. The files get new versions
// and are tested again. If they no longer produce schema.hcl, it says so and exits 3. On a database that ran them,
// revert them first.
func Rebase(ctx context.Context,
	base *string, // git revision to compare with, by default as for lint
	env *string, // env block of atlas.hcl
	format *string, // text or json
) error {
	return withoutDir(ctx, flags{env: env, format: format, toWrite: true}, func(ctx context.Context, c *command) error {
		var states []string
		switch err := c.read(migration.Read); {
		case err == nil:
			states = state.Names(c.dir.Files())
		case !errors.As(err, new(migration.Errors)):
			return err // Rebase can resolve two files of one version
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
// It has the schema that all migrations produce, without data, and is tested to match. Databases that have run any of
// the migrations ignore it.
func Checkpoint(ctx context.Context,
	name *string, // name of the file, by default checkpoint
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

// Export writes the migrations as revision files for Alembic.
//
// They run the same SQL under the same revision ids, on PostgreSQL only. Revisions that are in the folder already are
// left alone, and the others continue their chain.
func Export(ctx context.Context,
	alembic *string, // the folder that Alembic's script_location names, or that of its revision files
	since *string, // version or revision id after which to begin, if the files before it are elsewhere
	env *string, // env block of atlas.hcl
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return withRevisions(ctx, flags{env: env, format: format, carried: carried}, alembic, func(ctx context.Context, c *command, f *revisions.Folder) error {
		e, err := revisions.New(revisions.Config{Dir: c.dir, Path: c.env.Migrations, Folder: f, Since: value(since), Role: c.env.Role})
		if err != nil {
			return err
		}
		if err := e.Write(ctx); err != nil {
			return err
		}
		return c.out.Export(e)
	})
}

// Import writes the migrations of another tool's folder into the empty migrations folder.
//
// They keep their order and versions, and are first run on a throwaway PostgreSQL. After an error, nothing is written.
// Alembic's revisions are recorded: the command that atlas.hcl's alembic block names runs them there, one by one.
func Import(ctx context.Context,
	alembic *string, // the folder that Alembic's script_location names, or that of its revision files
	goose *string, // a folder of goose's migrations
	golangmigrate *string, // a folder of golang-migrate's migrations
	dbmate *string, // a folder of dbmate's migrations
	env *string, // env block of atlas.hcl
	format *string, // text or json
) error {
	return with(ctx, flags{env: env, format: format, toWrite: true}, func(ctx context.Context, c *command) error {
		from := map[*string]importer.Format{alembic: nil, goose: importer.Goose, golangmigrate: importer.GolangMigrate, dbmate: importer.Dbmate}
		read, folder, err := imported(from)
		if err != nil {
			return err
		}
		if len(c.dir.Files()) > 0 {
			return fmt.Errorf("%s has migrations: import begins a history, so it needs an empty folder", c.env.Migrations)
		}
		r, err := c.importFrom(ctx, read, folder)
		if err != nil {
			return err
		}
		found, err := c.lint(ctx, "", len(r.Files), false)
		if err != nil {
			return err
		}
		return c.out.Import(r, found)
	})
}

// Upstream reports which of Alembic's revisions are missing here, and exits 3 if any are.
//
// It reads the revision files without running them. If they have several heads, it names them and exits 3. If
// atlas.hcl's alembic block says how to run Alembic, it runs the missing ones on a throwaway PostgreSQL, and prints the
// migrations that do the same.
func Upstream(ctx context.Context,
	alembic *string, // the folder that Alembic's script_location names, or that of its revision files
	env *string, // env block of atlas.hcl
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return withRevisions(ctx, flags{env: env, format: format, carried: carried}, alembic, func(ctx context.Context, c *command, f *revisions.Folder) error {
		found := revisions.Compare(c.dir, f)
		suggested, err := c.upstream(ctx, f, found)
		return c.out.Upstream(found, suggested, err)
	})
}

// Completion prints a script with which a shell completes the targets and options.
func Completion(ctx context.Context,
	shell *string, // bash, zsh or fish
) error {
	return run(ctx, func(context.Context) error {
		targets, err := cmdline.Targets(sources)
		if err != nil {
			return err
		}
		program := filepath.Base(os.Args[0])
		if underMage() {
			program = "mage"
		}
		script, err := cmdline.Completion(value(shell), program, targets)
		if err != nil {
			return err
		}
		return (&report.Printer{Out: stdout}).Line(strings.TrimSuffix(script, "\n"))
	})
}

// Version prints the versions of this tool, Go, PostgreSQL, Atlas and the schema.
//
// For PostgreSQL, these are the major versions that the tool works on.
func Version(ctx context.Context,
	env *string, // env block of atlas.hcl
	format *string, // text or json
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return run(ctx, func(ctx context.Context) error {
		v := report.Versions{Tool: toolVersion(), Commit: builtCommit, Go: runtime.Version(), Atlas: moduleVersion("ariga.io/atlas")}
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
