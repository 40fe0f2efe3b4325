// Package project reads a project's atlas.hcl and the environment, and says in plain
// values what the commands need to know: which files, which database, which settings.
//
// It reads the file by its own strict rules: whatever neither the Atlas CLI nor this tool
// knows is an error, in every block. Expressions are evaluated for the chosen env alone.
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

// configName is the project file, schemaName and migrationsName are what it means where it
// says nothing else.
const (
	configName     = "atlas.hcl"
	schemaName     = "schema.hcl"
	migrationsName = "migrations"
	localName      = "local"
)

// CarriedVariable is the environment variable that asks for the project that the binary
// carries, as a container image does: 1 or 0.
const CarriedVariable = "SCHEMA_CARRIED"

// Options say where to look.
type Options struct {
	// Root is the project folder, or one below it. Empty means the current one.
	Root string
	// Embedded is the project that the binary carries. It is used only where Carried, or else
	// the variable CarriedVariable, says so; then no folder is looked at.
	Embedded fs.FS
	// Carried is the flag -carried; nil if it isn't given.
	Carried *bool
	// Env and URL are the flags of these names, empty if not given.
	Env, URL string
	// LookupEnv reads the environment; nil means os.LookupEnv.
	LookupEnv func(string) (string, bool)
	// Checks are the labels that a check block of lint may have. Without them any is taken.
	Checks []string
}

// Env is one environment of a project.
type Env struct {
	// Name of the env block whose settings these are.
	Name string
	// Root is the absolute path of the project folder. FS holds the project's files: the
	// folder's, as package tree reads them, or the embedded ones.
	Root string
	FS   fs.FS
	// Above says that the project was found above Options.Root, which holds none.
	Above bool
	// OnEmbedded says that FS is what the binary carries: nothing can be written to it.
	OnEmbedded bool
	// Schema and Migrations are slash-separated paths in FS: schema.hcl and the folder.
	Schema, Migrations string
	// MigrationsDir is the folder's path in the file system; empty if OnEmbedded.
	MigrationsDir string

	// Dev is the dev database as atlas.hcl says: docker://postgres/15/dev, a postgres://
	// URL, or nothing.
	Dev string
	// Exclude are Atlas's glob patterns of what is not managed.
	Exclude []string
	// AlembicSchema and JournalSchema are the schemas of alembic_version (default public)
	// and of atlas_schema_revisions (migration.revisions_schema, which must be set).
	AlembicSchema, JournalSchema string
	// LockTimeout is PostgreSQL's lock_timeout for migrations; 0 if not set.
	LockTimeout time.Duration
	// LockRetry is for how long what waits for a lock is tried again; 0 if not set.
	LockRetry time.Duration
	// Wait is how long to wait for the lock that excludes a second run
	// (migration.lock_timeout); nil if not set.
	Wait *time.Duration
	// Role is the role that migrations run as, if set.
	Role string
	Gate Gate

	choice choice
}

// Gate is what the lint blocks say, the env's own before the file's.
type Gate struct {
	// Base is the git revision to compare with, empty if not set. (git.dir is not needed: git
	// finds the repository by itself.)
	Base string
	// Latest is how many of the last files to look at; 0 if not set.
	Latest int
	Policy
}

// A Policy is what the lint blocks say of the findings.
type Policy struct {
	// Analyzers holds what is set for all checks of an analyzer, by its name.
	Analyzers map[string]Setting
	// Checks holds what is set for one check, by its name or code. It wins over the analyzer's.
	Checks map[string]Setting
	// AllowTables match whole names of tables about which nothing is reported.
	AllowTables []*regexp.Regexp
}

// A Setting is what is set for a check, or for all checks of an analyzer.
type Setting struct {
	Error *bool // whether its findings are errors; nil if not set
	Skip  *bool // whether it is left out; nil if not set
	Force bool  // whether no directive in a file silences it
	// AllowTables and AllowColumns match whole names of tables and columns about which it reports nothing. Names are as SQL writes
	// them or without quotes, and have their schema unless that is public.
	AllowTables, AllowColumns []*regexp.Regexp
}

// ErrNoProject is what Load returns where neither Root nor a folder above it holds a project.
var ErrNoProject = errors.New("no " + configName + " here")

// Load reads the project. Without one the error is ErrNoProject. Errors in atlas.hcl name
// file, line and column; an unknown env is a *usage.Error, a link where a file should be a
// *tree.Error. Whether there is a database to work on is not looked at: see Database.
// Env.FS can be read until ctx ends.
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
	src, err := fs.ReadFile(env.FS, configName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w (%s): run this in the project's folder", ErrNoProject, root)
	case errors.As(err, new(*tree.Error)):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", configName, err)
	}
	file, err := parse(src)
	if err != nil {
		return nil, err
	}
	block, err := file.choose(opts.Env)
	if err != nil {
		return nil, err
	}
	env.Name = opts.Env
	if env.Name == "" {
		env.Name = block.name
	}
	scope := newScope(file, env.Name, env.FS, opts.LookupEnv)
	if err := env.decode(file, block, scope, opts.Checks); err != nil {
		return nil, err
	}
	if !env.OnEmbedded {
		// Also before anything is written there, or handed to git.
		for _, p := range []string{env.Schema, env.Migrations} {
			if _, err := fs.Stat(env.FS, p); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
		env.MigrationsDir = filepath.Join(root, filepath.FromSlash(env.Migrations))
	}
	env.choice = choice{
		flagEnv: opts.Env, flagURL: opts.URL, env: env.Name,
		lookup: opts.LookupEnv, url: func() (string, string, error) { return scope.urlOf(block) },
	}
	return env, nil
}

// carried says whether the embedded project is asked for.
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
		return false, usage.Errorf("%s=%q: write 1 for the project that the binary carries, else 0", CarriedVariable, word)
	}
	return carried, nil
}

// holdsProject says whether a folder looks like a project, whole or not.
func holdsProject(root string) bool {
	return slices.ContainsFunc([]string{configName, schemaName, migrationsName}, func(name string) bool {
		return has(root, name)
	})
}

// has says whether a folder has an entry of that name, a link that leads nowhere included.
func has(folder, name string) bool {
	_, err := os.Lstat(filepath.Join(folder, name))
	return err == nil
}

// above is the nearest folder above root that holds an atlas.hcl, "" if there is none. The
// search does not leave root's git repository, and ends at a folder where anybody may leave
// files, as /tmp is: what they left must not get at a database.
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
		if has(root, configName) {
			return root
		}
	}
	return ""
}
