// Package migration is the migrations directory as data: VERSION_name.sql files with their directives, statements, down and
// effect files, and the two atlas.sum files, read once and never changed in memory.
//
// The directory is an Atlas migration directory: what the stock Atlas CLI would read otherwise than this package does is an
// error here, with the file, the line, and what to write instead.
package migration

import (
	"io/fs"
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
	files []*File
}

// File is one migration.
type File struct {
	Name     string // "20251210172554_initial_baseline_schema.sql"
	Version  string // "20251210172554"
	Desc     string // "initial_baseline_schema"
	Revision string // what alembic_version.version_num holds: the alembic:revision directive's id, else Version; at most 32 characters
	TxNone   bool   // atlas:txmode none: the statements run outside a transaction
	SQL      string
	Stmts    []pgsql.Stmt
	Hash     string // SHA-256 in base64 without "h1:", as in atlas.sum and in the journal's hash column
	Down     *Down  // nil if down/NAME is missing

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
}

// Read reads the migrations folder fsys: *.sql, down/*.sql, effect/*.txt and the two atlas.sum files. A folder that is missing
// or empty is an empty Dir. What is wrong with the files is returned as Errors, all of it at once. A sum that does not fit is
// not an error here but of [Dir.Verify].
func Read(fsys fs.FS) (*Dir, error) { return &Dir{}, nil }

// Files returns the migrations, ascending by version. The slice must not be changed.
func (d *Dir) Files() []*File { return d.files }

// Verify compares both atlas.sum files with the files. The error is a *SumError.
func (d *Dir) Verify() error { return nil }

// Resolve returns the index in Files of what word names: a version, a revision id, an unambiguous prefix of either, a file
// name, "head" (the last file; -1 if there is none) or "base" (-1). The error is a *ResolveError, which lists near matches.
func (d *Dir) Resolve(word string) (int, error) { return -1, nil }

// Atlas returns the directory for Atlas's library. It is in memory, cannot be written to, and its files' StmtDecls split by
// PostgreSQL's lexical rules.
func (d *Dir) Atlas() migrate.Dir { return nil }

// Draft is a migration to be written: its name, up and down SQL with their directives, and its effect.
type Draft struct {
	Name   string // "20260101120000_add_flaky.sql"
	SQL    string
	Down   string
	Effect string
}

// Write adds the drafts to the directory at root, which must still be as d was read from there. Whole or not at all.
func (d *Dir) Write(root string, drafts []Draft) error { return nil }

// Rehash recomputes both atlas.sum files at root from whatever lies there, also over git's conflict markers, and writes the
// given effects (by migration file name).
func Rehash(root string, effects map[string]string) error { return nil }

// NextVersion returns a version for a new file: now in UTC seconds, or later where the directory has a version as late as
// that; n seconds after it for the n-th further file of the same plan.
func NextVersion(d *Dir, now time.Time, n int) string { return "" }
