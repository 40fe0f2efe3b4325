//go:build mage

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	ibutsuschema "github.com/ibutsu/ibutsu-schema"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/onboard"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
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

// value returns a flag's value, the zero value if it isn't given.
func value[T any](flag *T) T {
	if flag == nil {
		return *new(T)
	}
	return *flag
}

// count returns the value of a flag that must be at least 1, 0 if it isn't given.
func count(name string, flag *int) (int, error) {
	if flag != nil && *flag < 1 {
		return 0, usage.Errorf("-%s=%d: it must be 1 or more", name, *flag)
	}
	return value(flag), nil
}

// command is what a target works with.
type command struct {
	env     *project.Env
	dir     *migration.Dir
	out     *report.Printer
	onLocal bool     // the database is the local PostgreSQL's; set by connConfig
	metrics *metrics // written only if a flag names the file

	connected event // the server has accepted a connection to the live database

	// closers are called by close, last first.
	closers []func() error
}

// An event happens once, or never.
type event struct {
	mu       sync.Mutex
	happened bool
	then     []func()
}

// do calls fn when the event happens, at once if it has.
func (e *event) do(fn func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.happened {
		fn()
		return
	}
	e.then = append(e.then, fn)
}

func (e *event) happen() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.happened = true
	for _, fn := range e.then {
		fn()
	}
	e.then = nil
}

// flags are the options of a target that choose its project, its database and its format.
type flags struct {
	env, url, format *string
	carried          *bool
	further          []report.Format // that the target has in addition to text and JSON
	toWrite          bool            // the target writes into the project's folder, and has no -carried
	metrics          *metrics        // nil for none
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
	if errors.Is(err, project.ErrNoProject) {
		instead := "or `init` to begin a project"
		if !f.toWrite {
			instead = "with -carried for the project that this binary carries, " + instead
		}
		err = fmt.Errorf("%w, %s", err, instead)
	}
	if err != nil {
		return nil, err
	}
	if e.Above {
		say("no project in this folder: using the one in %s, to which paths are relative", e.Root)
	}
	p.Project, p.SchemaFile, p.Dir = e.Root, e.Schema, e.Migrations
	c := &command{env: e, out: p, metrics: cmp.Or(f.metrics, &metrics{})}
	c.metrics.Env, c.metrics.project = e.Name, e.Root
	if f.toWrite {
		err = errors.Join(c.writable(), c.hasMigrations())
	}
	return c, err
}

// printer returns a printer for the format of the flags.
func printer(f flags) (*report.Printer, error) {
	format, err := report.ParseFormat(value(f.format), os.LookupEnv, f.further...)
	if err != nil {
		return nil, err
	}
	if format == report.GitHub {
		stderr.ForRunner() // both end up in the same log
	}
	return &report.Printer{Out: stdout, Format: format}, nil
}

// read reads the migrations. If the binary carries them, it prints which one is the last, because there is no folder to
// look at.
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

// head describes the last migration.
func (c *command) head() string {
	files := c.dir.Files()
	if len(files) == 0 {
		return "without migrations"
	}
	f := files[len(files)-1]
	return fmt.Sprintf("up to %s (%s)", strings.TrimSuffix(f.Name, ".sql"), f.Revision)
}

// close closes what the command opened, and joins the errors to err.
func (c *command) close(err *error) {
	for i := len(c.closers) - 1; i >= 0; i-- {
		*err = errors.Join(*err, c.closers[i]())
	}
}

// options returns which part of a catalog belongs to the project.
func (c *command) options() catalog.Options {
	return catalog.Options{Exclude: c.env.Exclude, AlembicSchema: c.env.AlembicSchema, JournalSchema: c.env.JournalSchema}
}

// planner starts the throwaway server and returns the configuration for package plan.
func (c *command) planner(ctx context.Context, name string) (plan.Config, error) {
	return c.plannerFrom(ctx, name, state.Names(c.dir.Files()))
}

// plannerFrom is like planner, with a server that starts with one of the states.
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
	types := online.Options{AllInPlace: c.env.Types.Rewrite == "in_place", Zone: c.env.Types.Zone}
	return plan.Config{Base: base, Name: name, Oldest: c.env.Oldest, Types: types}, nil
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

// server starts the throwaway server, with the first of the states that has a snapshot. It runs until close.
func (c *command) server(ctx context.Context, states []string) (*devdb.Server, error) {
	server, err := devdb.Start(ctx, devdb.Config{Dev: c.env.Dev, States: states, Extensions: c.env.DevExtensions, Limits: devdb.Limits(c.env.Replay), Log: say})
	if err != nil {
		return nil, err
	}
	c.closers = append(c.closers, server.Close)
	return server, nil
}

// baseline makes the database a project, and with stamp records that it is at the first migration.
func (c *command) baseline(ctx context.Context, id string, stamp bool) (*onboard.Baselined, error) {
	m, err := c.migrator(ctx)
	if err != nil {
		return nil, err
	}
	src, err := fs.ReadFile(c.env.FS, c.env.Schema)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the schema file: %w", err)
	}
	r, err := onboard.Baseline(ctx, onboard.BaselineConfig{
		Base: proof.Base{Dir: c.dir, SchemaName: c.env.Schema, Schema: src, Options: c.options()},
		Live: m, Root: c.env.Root, MigrationsDir: c.env.MigrationsDir, Revision: id, Now: time.Now(),
		Start: func(ctx context.Context) (*devdb.Server, error) { return c.server(ctx, []string{}) },
	})
	if err != nil || !stamp {
		return r, err
	}
	if err := c.read(migration.Read); err != nil {
		return r, err
	}
	m.SetDir(c.dir)
	r.Stamped, err = m.Stamp(ctx, migrator.StampOptions{To: r.Version})
	return r, err
}

// status returns the status of the database; nil if none is named, and there is no local one yet.
func (c *command) status(ctx context.Context) (*migrator.Status, error) {
	switch db, err := c.env.Database(); {
	case errors.Is(err, project.ErrNoDatabase), err == nil && db.Local && len(db.Notes) > 0 && !devdb.HasLocal(c.local()):
		return nil, nil
	}
	m, err := c.migrator(ctx)
	if err != nil {
		return nil, err
	}
	return m.Status(ctx)
}

// write writes the planned files, unless it is a dry run, and shows them.
func (c *command) write(ctx context.Context, p *plan.Plan, dryRun bool) error {
	if !dryRun {
		if err := p.Write(ctx, c.env.MigrationsDir); err != nil {
			return err
		}
	}
	return c.out.Plan(p, dryRun)
}

// writable returns an error if the project can't be written to.
func (c *command) writable() error {
	if c.env.OnEmbedded {
		return fmt.Errorf("the project that this binary carries is read-only: run this in a clone, without -carried and %s", project.CarriedVariable)
	}
	return nil
}

// hasMigrations returns an error if the migrations folder is missing: with another one, plan would create the whole
// schema once more.
func (c *command) hasMigrations() error {
	_, err := fs.Stat(c.env.FS, c.env.Migrations)
	if errors.Is(err, fs.ErrNotExist) && !c.env.OnEmbedded {
		return fmt.Errorf("there is no folder %s, which %s names as migration.dir: correct the name, or run `init` to create it", c.env.Migrations, project.ConfigName)
	}
	return nil
}

// dial starts to connect to the database, and to lock it if the target writes, before the migrations are read. It
// returns nil if the database is unknown, or must be started first.
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

// migrator returns the Migrator for the database.
func (c *command) migrator(ctx context.Context) (*migrator.Migrator, error) {
	conn, err := c.connConfig(ctx)
	if err != nil {
		return nil, err
	}
	cfg := c.migrating(conn)
	cfg.Dir = c.dir
	if c.onLocal {
		cfg.Contract = true
		cfg.StartOver = "`dev:reset` deletes the local database, to start over"
	}
	return migrator.New(cfg), nil
}

// migrating returns the configuration of the Migrator, without the directory.
func (c *command) migrating(conn *pgx.ConnConfig) migrator.Config {
	cfg := migrator.Config{
		ConnConfig: conn, Exclude: c.env.Exclude, Ignore: c.env.Ignored(), Role: c.env.Role,
		Store:           revision.Store{AlembicSchema: c.env.AlembicSchema, JournalSchema: c.env.JournalSchema},
		LockTimeout:     c.env.LockTimeout,
		LockRetry:       c.env.LockRetry,
		OperatorVersion: "ibutsu-schema " + toolVersion(),
		Log:             report.NewProgress(stderr, c.out.Format, os.LookupEnv),
		Connected:       c.connected.happen,
	}
	b := c.env.Batch
	cfg.Batches = migrator.Batches{Target: b.Target, MinSize: b.MinSize, MaxSize: b.MaxSize, MaxReplicaLag: b.MaxReplicaLag}
	if b.VacuumWait != nil {
		if cfg.Batches.VacuumWait = *b.VacuumWait; *b.VacuumWait == 0 {
			cfg.Batches.VacuumWait = -1
		}
	}
	if c.env.Wait != nil {
		cfg.Wait = *c.env.Wait
		if cfg.Wait == 0 {
			cfg.Wait = -1 // -wait=0 is not to wait
		}
	}
	return cfg
}

// connConfig chooses the live database, starts it if it is the local one, and returns how to connect.
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
	cfg, err := db.Config()
	if err == nil {
		c.metrics.Database = cfg.Database
		c.out.Database = report.Database{Config: cfg, Local: db.Local}
	}
	return cfg, err
}

func (c *command) local() devdb.LocalConfig {
	// Whatever starts the dev database reports an invalid dev.
	major, _ := devdb.Major(c.env.Dev)
	return devdb.LocalConfig{Project: c.env.Root, Major: major, Log: say}
}

// A release's build sets these with the linker.
var builtVersion, builtCommit string

// toolVersion returns this module's version: a tag, a pseudo-version, or (devel).
func toolVersion() string {
	if builtVersion != "" {
		return builtVersion
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// modulePath returns this module's path, which names the project. Mage compiles files instead of a package, so the
// build info doesn't have it.
func modulePath() string {
	return strings.TrimSuffix(reflect.TypeFor[project.Env]().PkgPath(), "/internal/project")
}

// moduleVersion returns the version of a dependency.
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

// types returns how plan changes types: as the flags say, and otherwise as atlas.hcl does.
func types(o online.Options, inplace, timezone *string) (_ online.Options, err error) {
	if inplace != nil {
		if o.InPlace, err = online.ParseColumns(*inplace); err != nil {
			return o, err
		}
	}
	o.Zone = cmp.Or(value(timezone), o.Zone)
	return o, nil
}
