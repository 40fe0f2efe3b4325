// Package plan turns the difference of two states into migration files, and
// proves them before they are written.
package plan

import (
	"context"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// Config is what every function here needs to know.
type Config struct {
	Server *devdb.Server
	// Dir is the directory of migrations, Root the OS path that it was read from:
	// what New and Rehash write to.
	Dir  *migration.Dir
	Root string
	// SchemaName is the schema file's name in messages, Schema its text.
	SchemaName string
	Schema     []byte
	Options    catalog.Options
	// Name of the migration; derived from what changes if empty.
	Name string
	// Now is the time that versions are made of; zero means time.Now().
	Now time.Time
}

// A File is one planned migration.
type File struct {
	migration.Draft
	Version string
	Effect  catalog.Effect
}

// Outside counts the objects of one kind that stand outside schema.hcl: they are
// left alone by plans.
type Outside struct {
	Kind  string // "view", "function", ...
	Count int
}

// A Plan is what must be written for the directory to give what schema.hcl says.
type Plan struct {
	// Files in order; none if there is nothing to do.
	Files   []File
	Outside []Outside
}

// Make plans the difference between schema.hcl and the replayed directory, proves the
// plan both ways and returns it; nothing is written yet. A plan that does not give what
// it should is a *ProofError.
func Make(ctx context.Context, cfg Config) (*Plan, error) { return &Plan{}, nil }

// Write writes the plan's files to the migrations folder root, all or none.
func (p *Plan) Write(root string) error { return nil }

// New writes an empty migration with its down and effect files, and returns its name.
func New(ctx context.Context, cfg Config) (*Plan, error) { return &Plan{}, nil }

// Rehash computes all sums anew, and measures every effect where the directory replays.
func Rehash(ctx context.Context, cfg Config) error { return nil }

// A ProofError is a plan that does not give what it should.
type ProofError struct {
	File        string // the file whose up or down is wrong; empty if nothing could be planned
	Differences []catalog.Difference
}

func (e *ProofError) Error() string { return "" }
