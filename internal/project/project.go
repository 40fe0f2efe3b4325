// Package project reads a project's atlas.hcl and the environment: which files, which database, which settings. It
// doesn't read the schema file or the migrations, and connects to nothing.
//
// It is strict: a name that neither the Atlas CLI nor this tool knows is an error, in every block. Only the chosen
// env's expressions are evaluated.
package project

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/tree"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// ConfigName is the name of the project file.
const ConfigName = "atlas.hcl"

// The other names are defaults.
const (
	schemaName     = "schema.hcl"
	migrationsName = "migrations"
	localName      = "local"
)

// CarriedVariable is the environment variable that selects the project that the binary carries, for example in a
// container image: 1 or 0.
const CarriedVariable = "SCHEMA_CARRIED"

// Options say where the project is and what the flags are.
type Options struct {
	// Root is the project folder, or one below it. Empty means the current one.
	Root string
	// Embedded is the project that the binary carries. It is used only if Carried, or otherwise CarriedVariable, is
	// true; then no folder is read.
	Embedded fs.FS
	// Carried is the flag -carried; nil if not given.
	Carried *bool
	// Env and URL are the flags of these names, empty if not given.
	Env, URL string
	// LookupEnv reads the environment; nil means os.LookupEnv.
	LookupEnv func(string) (string, bool)
	// Checks are the labels that a check block of lint may have. If empty, any label is allowed.
	Checks []string
}

// Env is one environment of a project.
type Env struct {
	// Name of the env block whose settings these are.
	Name string
	// Root is the absolute path of the project folder. FS holds the project's files, either from the folder, read by
	// package tree, or embedded.
	Root string
	FS   fs.FS
	// Above means that the project was found above Options.Root.
	Above bool
	// OnEmbedded means that FS is the project that the binary carries. Nothing can be written to it.
	OnEmbedded bool
	// Schema and Migrations are slash-separated paths in FS: schema.hcl and the folder.
	Schema, Migrations string
	// MigrationsDir is the folder's path in the file system; empty if OnEmbedded.
	MigrationsDir string

	// Dev is the dev database in atlas.hcl: docker://postgres/15/dev, a postgres:// URL, or empty.
	Dev string
	// DevExtensions are the extensions that dev servers create as a superuser.
	DevExtensions []string
	// Oldest is the lowest major version of PostgreSQL that migrations run on; 0 if not set.
	Oldest int
	// Exclude are Atlas's glob patterns for objects that aren't managed.
	Exclude []string
	// AlembicSchema and JournalSchema are the schemas of alembic_version (default public)
	// and of atlas_schema_revisions (migration.revisions_schema, which must be set).
	AlembicSchema, JournalSchema string
	// LockTimeout is PostgreSQL's lock_timeout for migrations; 0 if not set.
	LockTimeout time.Duration
	// LockRetry is how long a statement that fails to get a lock is retried; 0 if not set.
	LockRetry time.Duration
	// Replay bounds what migrations take on the dev server; 0 if not set.
	Replay struct {
		Statement, Total time.Duration
		Disk             int64 // bytes
	}
	// Batch says how apply runs statements in batches; what isn't set is 0.
	Batch struct {
		Target           time.Duration  // how long a batch should take
		MinSize, MaxSize int            // rows
		VacuumWait       *time.Duration // nil if not set
		MaxReplicaLag    time.Duration
	}
	// Types says how plan changes types (diff); what isn't set is "".
	Types struct {
		Rewrite string // "expand" or "in_place"
		Zone    string // the time zone of values that lose or gain one
	}
	// Wait is how long to wait for another run to end (migration.lock_timeout); nil if not set.
	Wait *time.Duration
	// Role is the role that migrations run as, if set.
	Role string
	Gate Gate
	// Drift are the drift blocks, the env's first.
	Drift []Drift
	// Alembic says how to run Alembic; nil if there is no such block.
	Alembic *Alembic

	choice   choice
	opts     Options
	settings settings
}

// A Drift says which differences of a database are accepted.
type Drift struct {
	// With is what the database is compared with, such as "models.sql"; "" for the recorded version.
	With string
	// Ignore are the patterns of the differences.
	Ignore []string
}

// An Alembic says how to run a Python project's Alembic.
type Alembic struct {
	Command  []string      // such as alembic, or poetry run alembic
	Variable string        // the environment variable in which env.py looks for the database's URL
	Scheme   string        // of that URL; "" if not set
	Timeout  time.Duration // of a command; 0 if not set
}

// Ignored returns the patterns of the differences that are accepted where the database is compared with any of these
// names of one thing, such as a path and its last part; without names, with the recorded version.
func (e *Env) Ignored(names ...string) []string {
	if len(names) == 0 {
		names = []string{""}
	}
	var all []string
	for _, d := range e.Drift {
		if slices.Contains(names, d.With) {
			all = append(all, d.Ignore...)
		}
	}
	return all
}

// Gate is the lint blocks' settings. The env's override the file's.
type Gate struct {
	// Base is the git revision to compare with, empty if not set. (git.dir isn't needed, since git finds the
	// repository.)
	Base string
	// Latest is how many of the last files to check; 0 if not set.
	Latest int
	Policy
}

// A Policy is the lint blocks' settings for findings.
type Policy struct {
	// Analyzers holds the settings for all checks of an analyzer, by its name.
	Analyzers map[string]Setting
	// Checks holds the settings for one check, by its name or code. They override the analyzer's.
	Checks map[string]Setting
	// AllowTables match the whole names of tables about which nothing is reported.
	AllowTables []*regexp.Regexp
	// Naming holds the patterns that new names must match, by kind of object: "schema", "table", "column", "index",
	// "foreign_key", "check"; under "" the one for kinds without their own.
	Naming map[string]Pattern
	// Rules are checks of the project's own.
	Rules []CustomRule
	// Owners are those of tables, views and sequences.
	Owners []Owner
	// Small is the size in bytes below which a table is small, so that blocking it is a warning; 0 if not set.
	Small int64
	// Sizes is the file with the sizes of tables; nil if not set.
	Sizes *File
}

// A File is a file of the project that a setting names.
type File struct {
	Name string // slash-separated, relative to the project folder
	// Read returns the contents that the file has in the version of the project that the settings are from.
	Read func() ([]byte, error)
}

// A Pattern is a convention for names.
type Pattern struct {
	Match   *regexp.Regexp // matches the names that follow it, unquoted
	Message string         // what it is, for people; may be empty
}

// A CustomRule is a check of the project's own.
type CustomRule struct {
	Name    string
	Match   *regexp.Regexp // matches the text of the statements to report
	Message string         // why
	Error   bool           // whether its findings are errors
}

// An Owner must agree to changes of what it owns.
type Owner struct {
	Name  string
	Match *regexp.Regexp // matches the whole names of what it owns, as in Setting.AllowTables
}

// A Setting configures a check, or all checks of an analyzer.
type Setting struct {
	Error *bool // whether its findings are errors; nil if not set
	Skip  *bool // whether it is off; nil if not set
	Force bool  // whether directives in a file can't silence it
	// AllowTables and AllowColumns match the whole names of tables and columns about which nothing is reported. Names
	// are written as in SQL or without quotes, with their schema unless that is public.
	AllowTables, AllowColumns []*regexp.Regexp
}

// ErrNoProject is what Load returns if neither Root nor a folder above it contains a project.
var ErrNoProject = errors.New("no " + ConfigName + " here")

// Load reads the project. Without one the error is ErrNoProject. Errors in atlas.hcl name file, line and column; an
// unknown env is a *usage.Error; a symbolic link instead of a file is a *tree.Error. Load doesn't choose a database;
// see Database. Env.FS can be read until ctx ends.
func Load(ctx context.Context, opts Options) (*Env, error) {
	if opts.LookupEnv == nil {
		opts.LookupEnv = os.LookupEnv
	}
	root, err := filepath.Abs(opts.Root)
	if err != nil {
		return nil, fmt.Errorf("finding the project folder: %w", err)
	}
	env := &Env{Root: root, FS: opts.Embedded}
	if env.OnEmbedded, err = opts.carried(); err != nil {
		return nil, err
	}
	if !env.OnEmbedded {
		if !holdsProject(root) {
			if found := above(root); found != "" {
				root = found
				env.Root, env.Above = found, true
			}
		}
		if env.FS, err = tree.Open(ctx, root); err != nil {
			return nil, fmt.Errorf("opening the project folder: %w", err)
		}
	}
	env.opts = opts
	err = env.read(func(name string) ([]byte, error) { return fs.ReadFile(env.FS, name) })
	switch {
	case errors.Is(err, ErrNoProject):
		return nil, fmt.Errorf("%w (%s): run this in the project's folder", ErrNoProject, root)
	case err != nil:
		return nil, err
	}
	if !env.OnEmbedded {
		// Refuse links before anything is written to the folder, or its path is passed to git.
		for _, p := range []string{env.Schema, env.Migrations} {
			if _, err := fs.Stat(env.FS, p); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
		env.MigrationsDir = filepath.Join(root, filepath.FromSlash(env.Migrations))
	}
	return env, nil
}

// read reads atlas.hcl with a function that reads a project's files. Without one the error is ErrNoProject.
func (e *Env) read(file func(name string) ([]byte, error)) error {
	src, err := file(ConfigName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ErrNoProject
	case errors.As(err, new(*tree.Error)):
		return err
	case err != nil:
		return fmt.Errorf("reading %s: %w", ConfigName, err)
	}
	f, err := parse(src)
	if err != nil {
		return err
	}
	block, err := f.choose(e.opts.Env)
	if err != nil {
		return err
	}
	e.Name = e.opts.Env
	if e.Name == "" {
		e.Name = block.name
	}
	scope := newScope(f, e.Name, file, e.opts.LookupEnv)
	if err := e.decode(f, block, scope, e.opts.Checks); err != nil {
		return err
	}
	e.settings = scope.settings
	e.choice = choice{
		flagEnv: e.opts.Env, flagURL: e.opts.URL, env: e.Name,
		lookup: e.opts.LookupEnv, url: func() (string, string, error) { return scope.urlOf(block) },
	}
	return nil
}

// carried reports whether the embedded project is selected.
func (o Options) carried() (bool, error) {
	if o.Carried != nil {
		return *o.Carried, nil
	}
	word, _ := o.LookupEnv(CarriedVariable)
	if word == "" {
		return false, nil
	}
	carried, err := strconv.ParseBool(word)
	if err != nil {
		return false, usage.Errorf("%s=%q: write 1 for the project that the binary carries, or 0", CarriedVariable, word)
	}
	return carried, nil
}

// holdsProject reports whether a folder looks like a project, complete or not.
func holdsProject(root string) bool {
	return slices.ContainsFunc([]string{ConfigName, schemaName, migrationsName}, func(name string) bool {
		return has(root, name)
	})
}

// has reports whether a folder has an entry of that name, including a dangling link.
func has(folder, name string) bool {
	_, err := os.Lstat(filepath.Join(folder, name))
	return err == nil
}

// above returns the nearest folder above root with an atlas.hcl, or "". The search stays in root's git repository and
// ends at a folder where anybody can leave files, such as /tmp: such a file must not get access to a database.
func above(root string) string {
	var err error
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return ""
	}
	for !has(root, ".git") && filepath.Dir(root) != root {
		root = filepath.Dir(root)
		if info, err := os.Stat(root); err != nil || info.Mode()&fs.ModeSticky != 0 {
			return ""
		}
		if has(root, ConfigName) {
			return root
		}
	}
	return ""
}
