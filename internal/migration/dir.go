// Package migration is the migrations directory as data: VERSION_name.sql files with their directives, statements, down and
// effect files, and the two atlas.sum files, read once and never changed in memory.
//
// The directory is an Atlas migration directory: what the stock Atlas CLI would read otherwise than this package does is an
// error here, with the file, the line, and what to write instead.
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
)

// Dir is a migrations directory at one moment. It is immutable.
type Dir struct {
	files       []*File
	checkpoints []*Checkpoint
	all         []*File // both of them
	folder      *folder
	sum         migrate.HashFile // what atlas.sum should say
	down        migrate.HashFile // what down/atlas.sum should say
	effects     func() error     // reads the effect files; nil if they have been
}

// File is one migration.
type File struct {
	Name     string // "20251210172554_initial_baseline_schema.sql"
	Version  string // "20251210172554"
	Desc     string // "initial_baseline_schema"
	Revision string // what alembic_version.version_num holds: the alembic:revision directive's id, else Version; at most 32 characters
	TxNone   bool   // atlas:txmode none: the statements run outside a transaction
	// LockTimeout is how long a statement waits for a lock, by "-- migrate:lock_timeout 5s"; 0 if the file doesn't say.
	LockTimeout time.Duration
	SQL         string
	Stmts       []pgsql.Stmt
	Hash        string // SHA-256 in base64 without "h1:", as in atlas.sum and in the journal's hash column
	Down        *Down  // nil if down/NAME is missing

	Effect    string // text of effect/VERSION_name.txt
	HasEffect bool   // false if that file is missing
}

// Down is the way back from one migration: down/NAME.
type Down struct {
	Name   string // the migration's own name
	SQL    string
	Stmts  []pgsql.Stmt
	TxNone bool
	Hash   string // as in down/atlas.sum
	None   string // the reason of "-- alembic:down none REASON": there is no way back; "" otherwise

	LockTimeout time.Duration // of "-- migrate:lock_timeout 5s"; 0 if the file doesn't say
}

// Read reads the migrations folder fsys: *.sql, down/*.sql, effect/*.txt and the two atlas.sum files. A folder that is missing
// or empty is an empty Dir. What is wrong with the files is returned as Errors, all of it at once, with a Dir to look at, and not
// to be run, if they are [Errors.Readable]. A sum that does not fit is not an error here but of [Dir.Verify].
func Read(fsys fs.FS) (*Dir, error) {
	f, err := load(fsys)
	if err != nil {
		return nil, err
	}
	return parse(f)
}

// ReadToRun is Read for who runs migrations and may never ask for an effect. The effect files are read, and what is wrong with
// them is told, by the first [Dir.ReadEffects]; until then no File has an effect.
func ReadToRun(fsys fs.FS) (*Dir, error) {
	f, err := loadWithoutEffects(fsys)
	if err != nil {
		return nil, err
	}
	d, err := parse(f)
	if d != nil {
		d.effects = sync.OnceValue(func() error { return d.readEffects(fsys) })
	}
	return d, err
}

// ReadEffects reads the effect files if they have not been read. The error is one of [Read].
func (d *Dir) ReadEffects() error {
	if d.effects == nil {
		return nil
	}
	return d.effects()
}

func (d *Dir) readEffects(fsys fs.FS) error {
	texts, err := loadEffects(fsys)
	if err != nil {
		return err
	}
	d.folder.effects = texts
	for _, f := range d.all {
		f.takeEffect(texts)
	}
	p := &parser{folder: d.folder}
	p.effects(d.all)
	if len(p.errs) > 0 {
		return p.errs
	}
	return nil
}

// Files returns the migrations, ascending by version, without the checkpoints. The slice must not be changed.
func (d *Dir) Files() []*File { return d.files }
