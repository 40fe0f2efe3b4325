//go:build mage

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"runtime/debug"
	"strings"

	"github.com/jackc/pgx/v5"

	ibutsuschema "github.com/ibutsu/ibutsu-schema"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/project"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/report"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/state"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// stdout is for data, stderr for people.
var (
	stdout = report.NewStream(os.Stdout, os.LookupEnv)
	stderr = report.NewStream(os.Stderr, os.LookupEnv)
)

// say prints a line for people.
func say(format string, args ...any) { stderr.Say(format, args...) }

// value is a flag's value, its type's zero if it isn't given.
func value[T any](flag *T) T {
	if flag == nil {
		return *new(T)
	}
	return *flag
}

// count is the value of a flag that counts from 1, 0 if it isn't given.
func count(name string, flag *int) (int, error) {
	if flag != nil && *flag < 1 {
		return 0, usage.Errorf("-%s=%d: it must be 1 or more", name, *flag)
	}
	return value(flag), nil
}

// command is what most targets begin with.
type command struct {
	env     *project.Env
	dir     *migration.Dir
	out     *report.Printer
	onLocal bool // the database is the local PostgreSQL's; known after connConfig

	// closers are run by close, last first.
	closers []func() error
}

// flags are the options of a target that say where it finds its project and its database, and how it prints.
type flags struct {
	env, url, format *string
	carried          *bool
	further          []report.Format // that the target offers besides text and JSON
	toWrite          bool            // the target writes into the project's folder, and has no -carried
}

// open finds the project.
func open(ctx context.Context, f flags) (*command, error) {
	p, err := printer(f)
	if err != nil {
		return nil, err
	}
	e, err := project.Load(ctx, project.Options{
		Env: value(f.env), URL: value(f.url), Embedded: ibutsuschema.Files, Carried: f.carried, Checks: lint.CheckNames(),
	})
	if errors.Is(err, project.ErrNoProject) && !f.toWrite {
		err = fmt.Errorf("%w, or with -carried for the project that this binary carries", err)
	}
	if err != nil {
		return nil, err
	}
	if e.Above {
		say("no project in this folder: using the one in %s, to which paths are relative", e.Root)
	}
	p.Project, p.SchemaFile, p.Dir = e.Root, e.Schema, e.Migrations
	c := &command{env: e, out: p}
	if f.toWrite {
		err = c.writable()
	}
	return c, err
}

// printer returns what prints in the format of the flags.
func printer(f flags) (*report.Printer, error) {
	format, err := report.ParseFormat(value(f.format), os.LookupEnv, f.further...)
	if err != nil {
		return nil, err
	}
	if format == report.GitHub {
		stderr.ForRunner() // who reads one reads the other
	}
	return &report.Printer{Out: stdout, Format: format}, nil
}

// read reads the migrations. Those that the binary carries are named: nobody sees them in a
// folder.
func (c *command) read(with func(fs.FS) (*migration.Dir, error)) error {
	sub, err := fs.Sub(c.env.FS, c.env.Migrations)
	if err != nil {
		return fmt.Errorf("opening %s: %w", c.env.Migrations, err)
	}
	c.dir, err = with(sub)
	if err == nil && c.env.OnEmbedded {
		say("using the project that this binary carries: %s, %s", modulePath(), c.head())
	}
	return err
}

// head names the last migration.
func (c *command) head() string {
	files := c.dir.Files()
	if len(files) == 0 {
		return "without migrations"
	}
	f := files[len(files)-1]
	return fmt.Sprintf("up to %s (%s)", strings.TrimSuffix(f.Name, ".sql"), f.Revision)
}

// close ends what the command opened, and joins what went wrong with err.
func (c *command) close(err *error) {
	for i := len(c.closers) - 1; i >= 0; i-- {
		*err = errors.Join(*err, c.closers[i]())
	}
}

// options say which part of a catalog is the project's.
func (c *command) options() catalog.Options {
	return catalog.Options{Exclude: c.env.Exclude, AlembicSchema: c.env.AlembicSchema, JournalSchema: c.env.JournalSchema}
}

// planner starts the throwaway server and returns what package plan works on.
func (c *command) planner(ctx context.Context, name string) (plan.Config, error) {
	return c.plannerFrom(ctx, name, state.Names(c.dir.Files()))
}

// plannerFrom is planner with a server that begins with one of the states.
func (c *command) plannerFrom(ctx context.Context, name string, states []string) (plan.Config, error) {
	src, err := c.schema()
	if err != nil {
		return plan.Config{}, err
	}
	server, err := c.server(ctx, states)
	if err != nil {
		return plan.Config{}, err
	}
	base := proof.Base{Server: server, Dir: c.dir, SchemaName: c.env.Schema, Schema: src, Options: c.options()}
	return plan.Config{Base: base, Name: name}, nil
}

// schema reads the schema file.
func (c *command) schema() ([]byte, error) {
	src, err := fs.ReadFile(c.env.FS, c.env.Schema)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s, which atlas.hcl names as env %s's src", c.env.Schema, c.env.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the desired state: %w", err)
	}
	return src, nil
}

// server starts the throwaway server, with the first of the states that is kept. It
// runs until close.
func (c *command) server(ctx context.Context, states []string) (*devdb.Server, error) {
	server, err := devdb.Start(ctx, devdb.Config{Dev: c.env.Dev, States: states, Limits: devdb.Limits(c.env.Replay), Log: say})
	if err != nil {
		return nil, err
	}
	c.closers = append(c.closers, server.Close)
	return server, nil
}

// status is where the database stands; nil where nobody named one: then the local
// PostgreSQL isn't started just to be asked.
func (c *command) status(ctx context.Context) (*migrator.Status, error) {
	switch db, err := c.env.Database(); {
	case errors.Is(err, project.ErrNoDatabase), err == nil && db.Local && len(db.Notes) > 0:
		return nil, nil
	}
	m, err := c.migrator(ctx)
	if err != nil {
		return nil, err
	}
	return m.Status(ctx)
}

// write writes what was planned, unless it is a dry run, and shows it.
func (c *command) write(ctx context.Context, p *plan.Plan, dryRun bool) error {
	if !dryRun {
		if err := p.Write(ctx, c.env.MigrationsDir); err != nil {
			return err
		}
	}
	return c.out.Plan(p, dryRun)
}

// writable returns an error where the project can't be written to.
func (c *command) writable() error {
	if c.env.OnEmbedded {
		return fmt.Errorf("the project that this binary carries can't be written to: run this in a clone, without -carried and %s", project.CarriedVariable)
	}
	return nil
}

// dial begins to connect to the database, and to lock it for what writes, before the
// migrations are read; nil if that database is one to be started first, or can't be told.
func (c *command) dial(ctx context.Context, writes bool) *migrator.Migrator {
	if db, err := c.env.Database(); err != nil || db.Local {
		return nil
	}
	conn, err := c.connConfig(ctx)
	if err != nil {
		return nil
	}
	m := migrator.Dial(ctx, c.migrating(conn), writes)
	c.closers = append(c.closers, m.Close)
	return m
}

// migrator returns what works on the database.
func (c *command) migrator(ctx context.Context) (*migrator.Migrator, error) {
	conn, err := c.connConfig(ctx)
	if err != nil {
		return nil, err
	}
	cfg := c.migrating(conn)
	cfg.Dir = c.dir
	if c.onLocal {
		cfg.Anew = "`dev:reset` deletes the local database, to begin anew"
	}
	return migrator.New(cfg), nil
}

// migrating is how migrations are run, without which.
func (c *command) migrating(conn *pgx.ConnConfig) migrator.Config {
	cfg := migrator.Config{
		ConnConfig: conn, Exclude: c.env.Exclude, Role: c.env.Role,
		Store:           revision.Store{AlembicSchema: c.env.AlembicSchema, JournalSchema: c.env.JournalSchema},
		LockTimeout:     c.env.LockTimeout,
		LockRetry:       c.env.LockRetry,
		OperatorVersion: "ibutsu-schema " + toolVersion(),
		Log:             report.NewProgress(stderr, c.out.Format, os.LookupEnv),
	}
	if c.env.Wait != nil {
		cfg.Wait = *c.env.Wait
		if cfg.Wait == 0 {
			cfg.Wait = -1 // who says 0 doesn't want to wait
		}
	}
	return cfg
}

// connConfig chooses the live database, starts it if it is the local one, and says
// how to connect.
func (c *command) connConfig(ctx context.Context) (*pgx.ConnConfig, error) {
	db, err := c.env.Database()
	if err != nil {
		return nil, err
	}
	for _, note := range db.Notes {
		say("%s", note)
	}
	if db.Local {
		local, err := devdb.Local(ctx, c.local())
		if err != nil {
			return nil, err
		}
		c.closers = append(c.closers, local.Close)
		db.URL = local.URL
		c.onLocal = true
	}
	c.out.URL = db.URL
	return db.Config()
}

func (c *command) local() devdb.LocalConfig {
	// A dev that makes no sense is the business of what starts one.
	major, _ := devdb.Major(c.env.Dev)
	return devdb.LocalConfig{Project: c.env.Root, Major: major, Log: say}
}

// toolVersion is this module's version: a tag, a pseudo-version, or (devel).
func toolVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// modulePath is this module's path, which names the project. Mage compiles files instead of
// a package, so the build info doesn't know it.
func modulePath() string {
	return strings.TrimSuffix(reflect.TypeFor[project.Env]().PkgPath(), "/internal/project")
}

// moduleVersion is the version of a module that was built in.
func moduleVersion(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == path {
				return m.Version
			}
		}
	}
	return "unknown"
}
