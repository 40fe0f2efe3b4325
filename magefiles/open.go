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

// cmd is what most targets begin with: the project's environment, its migrations
// and a printer for the result.
type cmd struct {
	*project.Env
	dir *migration.Dir
	*report.Printer
	onLocal bool // the database is the local PostgreSQL's; known after connConfig

	// closers are run by close, last first.
	closers []func() error
}

// from says where a command finds its project and its database: the flags of these names.
type from struct {
	env, url *string
	carried  *bool
	toWrite  bool // the target writes into the project's folder, and has no -carried
}

// open reads the project. further are formats that the target offers besides text and JSON.
func open(ctx context.Context, from from, format *string, further ...report.Format) (*cmd, error) {
	c, err := openWithoutDir(ctx, from, format, further...)
	if err != nil {
		return nil, err
	}
	if err := c.read(migration.Read); err != nil {
		return nil, err
	}
	return c, nil
}

// openToWrite is open for targets that write into the project's folder.
func openToWrite(ctx context.Context, env, format *string) (*cmd, error) {
	c, err := openToWriteWithoutDir(ctx, env, format)
	if err != nil {
		return nil, err
	}
	if err := c.read(migration.Read); err != nil {
		return nil, err
	}
	return c, nil
}

// openToWriteWithoutDir is openToWrite for targets that read the migrations themselves.
func openToWriteWithoutDir(ctx context.Context, env, format *string) (*cmd, error) {
	c, err := openWithoutDir(ctx, from{env: env, toWrite: true}, format)
	if err != nil {
		return nil, err
	}
	if err := c.writable(); err != nil {
		return nil, err
	}
	return c, nil
}

// openWithoutDir is open for targets that read the migrations themselves: c.dir is nil before.
func openWithoutDir(ctx context.Context, from from, format *string, further ...report.Format) (*cmd, error) {
	p, err := printer(format, further...)
	if err != nil {
		return nil, err
	}
	e, err := project.Load(ctx, project.Options{
		Env: value(from.env), URL: value(from.url), Embedded: ibutsuschema.Files, Carried: from.carried, Checks: lint.CheckNames(),
	})
	if errors.Is(err, project.ErrNoProject) && !from.toWrite {
		err = fmt.Errorf("%w, or with -carried for the project that this binary carries", err)
	}
	if err != nil {
		return nil, err
	}
	if e.Above {
		say("no project in this folder: using the one in %s, to which paths are relative", e.Root)
	}
	p.Project, p.SchemaFile, p.Dir = e.Root, e.Schema, e.Migrations
	return &cmd{Env: e, Printer: p}, nil
}

// printer returns what prints in a format.
func printer(format *string, further ...report.Format) (*report.Printer, error) {
	f, err := report.ParseFormat(value(format), os.LookupEnv, further...)
	if err != nil {
		return nil, err
	}
	if f == report.GitHub {
		stderr.ForRunner() // who reads one reads the other
	}
	return &report.Printer{Out: stdout, Format: f}, nil
}

// read reads the migrations. Those that the binary carries are named: nobody sees them in a
// folder.
func (c *cmd) read(with func(fs.FS) (*migration.Dir, error)) error {
	sub, err := fs.Sub(c.FS, c.Migrations)
	if err != nil {
		return fmt.Errorf("opening %s: %w", c.Migrations, err)
	}
	c.dir, err = with(sub)
	if err == nil && c.OnEmbedded {
		say("using the project that this binary carries: %s, %s", modulePath(), c.head())
	}
	return err
}

// head names the last migration.
func (c *cmd) head() string {
	files := c.dir.Files()
	if len(files) == 0 {
		return "without migrations"
	}
	f := files[len(files)-1]
	return fmt.Sprintf("up to %s (%s)", strings.TrimSuffix(f.Name, ".sql"), f.Revision)
}

// close ends what the command opened, and joins what went wrong with err.
func (c *cmd) close(err *error) {
	for i := len(c.closers) - 1; i >= 0; i-- {
		*err = errors.Join(*err, c.closers[i]())
	}
}

// options say which part of a catalog is the project's.
func (c *cmd) options() catalog.Options {
	return catalog.Options{Exclude: c.Exclude, AlembicSchema: c.AlembicSchema, JournalSchema: c.JournalSchema}
}

// planner starts the throwaway server and returns what package plan works on.
func (c *cmd) planner(ctx context.Context, name string) (plan.Config, error) {
	return c.plannerFrom(ctx, name, state.Names(c.dir.Files()))
}

// plannerFrom is planner with a server that begins with one of the states.
func (c *cmd) plannerFrom(ctx context.Context, name string, states []string) (plan.Config, error) {
	src, err := c.schema()
	if err != nil {
		return plan.Config{}, err
	}
	server, err := c.server(ctx, states)
	if err != nil {
		return plan.Config{}, err
	}
	base := proof.Base{Server: server, Dir: c.dir, SchemaName: c.Schema, Schema: src, Options: c.options()}
	return plan.Config{Base: base, Name: name}, nil
}

// schema reads the schema file.
func (c *cmd) schema() ([]byte, error) {
	src, err := fs.ReadFile(c.FS, c.Schema)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s, which atlas.hcl names as env %s's src", c.Schema, c.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the desired state: %w", err)
	}
	return src, nil
}

// server starts the throwaway server, with the first of the states that is kept. It
// runs until close.
func (c *cmd) server(ctx context.Context, states []string) (*devdb.Server, error) {
	server, err := devdb.Start(ctx, devdb.Config{Dev: c.Dev, States: states, Log: say})
	if err != nil {
		return nil, err
	}
	c.closers = append(c.closers, server.Close)
	return server, nil
}

// status is where the database stands; nil where nobody named one: then the local
// PostgreSQL isn't started just to be asked.
func (c *cmd) status(ctx context.Context) (*migrator.Status, error) {
	switch db, err := c.Database(); {
	case errors.Is(err, project.ErrNoDatabase), err == nil && db.Local && len(db.Notes) > 0:
		return nil, nil
	}
	m, err := c.migrator(ctx)
	if err != nil {
		return nil, err
	}
	return m.Status(ctx)
}

// writable returns an error where the project can't be written to.
func (c *cmd) writable() error {
	if c.OnEmbedded {
		return fmt.Errorf("the project that this binary carries can't be written to: run this in a clone, without -carried and %s", project.CarriedVariable)
	}
	return nil
}

// dial begins to connect to the database, and to lock it for what writes, before the
// migrations are read; nil if that database is one to be started first, or can't be told.
func (c *cmd) dial(ctx context.Context, writes bool) *migrator.Migrator {
	if db, err := c.Database(); err != nil || db.Local {
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
func (c *cmd) migrator(ctx context.Context) (*migrator.Migrator, error) {
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
func (c *cmd) migrating(conn *pgx.ConnConfig) migrator.Config {
	cfg := migrator.Config{
		ConnConfig: conn, Exclude: c.Exclude, Role: c.Role,
		Store:           revision.Store{AlembicSchema: c.AlembicSchema, JournalSchema: c.JournalSchema},
		LockTimeout:     c.LockTimeout,
		LockRetry:       c.LockRetry,
		OperatorVersion: "ibutsu-schema " + toolVersion(),
		Log:             report.NewProgress(stderr, c.Format, os.LookupEnv),
	}
	if c.Wait != nil {
		cfg.Wait = *c.Wait
		if cfg.Wait == 0 {
			cfg.Wait = -1 // who says 0 doesn't want to wait
		}
	}
	return cfg
}

// connConfig chooses the live database, starts it if it is the local one, and says
// how to connect.
func (c *cmd) connConfig(ctx context.Context) (*pgx.ConnConfig, error) {
	db, err := c.Database()
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
	c.URL = db.URL
	return db.Config()
}

func (c *cmd) local() devdb.LocalConfig {
	// A dev that makes no sense is the business of what starts one.
	major, _ := devdb.Major(c.Dev)
	return devdb.LocalConfig{Project: c.Root, Major: major, Log: say}
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
