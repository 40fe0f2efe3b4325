// Package migration reads and writes the migrations directory: VERSION_name.sql files with their directives,
// statements, down and effect files, and the two atlas.sum files. A [Dir] is read once and never changes. The package
// connects to no database, and doesn't interpret effect files.
//
// The directory is an Atlas migration directory. Anything that the stock Atlas CLI would read differently is an error,
// with the file, the line, and what to write instead.
package migration

import (
	"io/fs"
	"sync"
	"time"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Names inside the migrations folder.
const (
	SumFile   = migrate.HashFileName // in the folder itself and in DownDir
	DownDir   = "down"
	EffectDir = "effect"
	DoneDir   = "done"
)

// Dir is a migrations directory at one moment. It is immutable.
type Dir struct {
	files       []*File
	checkpoints []*Checkpoint
	all         []*File // both of them
	folder      *folder
	sum         migrate.HashFile // what atlas.sum should be
	down        migrate.HashFile // what down/atlas.sum should be
}

// File is one migration.
type File struct {
	Name     string // "20251210172554_initial_baseline_schema.sql"
	Version  string // "20251210172554"
	Desc     string // "initial_baseline_schema"
	Revision string // alembic_version.version_num: the alembic:revision directive's id, or Version; at most 255 characters
	TxNone   bool   // atlas:txmode none: the statements run outside a transaction
	// LockTimeout is how long a statement waits for a lock, from "-- migrate:lock_timeout 5s"; 0 if not set.
	LockTimeout time.Duration
	// Contract reports "-- migrate:contract": apply stops before the file, because it removes what running applications
	// or down files may need.
	Contract bool
	SQL      string
	Stmts    []pgsql.Stmt
	Hash     string // SHA-256 in base64 without "h1:", as in atlas.sum and in the journal's hash column
	Down     *Down  // nil if down/NAME is missing
	Done     *Query // of "-- migrate:done SELECT ..." or done/NAME, nil if there is none

	effects func() (map[string]string, error) // the texts of the effect files, by their names
}

// Template and DownTemplate are a migration and its down file before anybody has written them.
const (
	Template = `-- Write the change here as SQL; all of it runs in one transaction. Then write the down
-- file and run rehash, which measures the effect.
--
-- Statements that cannot run in a transaction, or that commit in batches, need a file of
-- their own without one: the guide docs/howto/backfill.md of the tool has an example.
`
	DownTemplate = `-- Write SQL here that reverts the change. If nothing can, begin the file with the line
--   "-- alembic:down none REASON"
-- without the quotes, and an empty line after it.
`
)

// Unwritten reports whether the migration is still the template.
func (f *File) Unwritten() bool { return f.SQL == Template }

// Effect returns the text of effect/VERSION_name.txt. The error is [fs.ErrNotExist] if that file is missing. If
// [ReadToRun] read the directory, it may also be one of [Read], about any of the effect files.
func (f *File) Effect() (string, error) {
	texts, err := f.effects()
	if err != nil {
		return "", err
	}
	text, ok := texts[effectName(f.Name)]
	if !ok {
		return "", fs.ErrNotExist
	}
	return text, nil
}

// Down is down/NAME, which reverses a migration.
type Down struct {
	Name   string // the migration's own name
	SQL    string
	Stmts  []pgsql.Stmt
	TxNone bool
	Hash   string // as in down/atlas.sum
	None   string // the reason of "-- alembic:down none REASON", if the migration is irreversible

	LockTimeout time.Duration // from "-- migrate:lock_timeout 5s"; 0 if not set
}

// Read reads the migrations folder fsys: *.sql, down/*.sql, done/*.sql, effect/*.txt and the two atlas.sum files. A
// folder that is missing or empty is an empty Dir. All errors in the files are returned at once as Errors; if they are
// [Errors.Readable], there is also a Dir, which must not be run. Checksums that don't match are the errors of
// [Dir.Verify].
func Read(fsys fs.FS) (*Dir, error) {
	f, err := load(fsys)
	if err != nil {
		return nil, err
	}
	return parse(f)
}

// ReadToRun is like Read for commands that run migrations and may never need an effect: the first [File.Effect] reads
// the effect files.
func ReadToRun(fsys fs.FS) (*Dir, error) {
	f, err := loadWithoutEffects(fsys)
	if err != nil {
		return nil, err
	}
	d, err := parse(f)
	if d != nil {
		effects := sync.OnceValues(func() (map[string]string, error) {
			texts, err := loadEffects(fsys)
			if err != nil {
				return nil, err
			}
			p := &parser{}
			if p.effects(d.all, texts); len(p.errs) > 0 {
				return nil, p.errs
			}
			return texts, nil
		})
		for _, file := range d.all {
			file.effects = effects
		}
	}
	return d, err
}

// Files returns the migrations, ascending by version, without the checkpoints. The slice must not be changed.
func (d *Dir) Files() []*File { return d.files }
