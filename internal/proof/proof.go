// Package proof runs migrations and compares what they do with what they should do: planned files and their down
// files on the replayed state, the effect and down files of a directory, and its schema with the schema file. It
// compares PostgreSQL's catalogs, and doesn't know how the files were made.
package proof

import (
	"fmt"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// Base is what is proven, and on which server.
type Base struct {
	// Server runs the migrations.
	Server *devdb.Server
	// Dir is the directory of migrations.
	Dir *migration.Dir
	// SchemaName is the schema file's name in messages, Schema its text.
	SchemaName string
	Schema     []byte
	Options    catalog.Options
}

// FindingKind is what a Finding is about.
type FindingKind string

const (
	FindingPlan   FindingKind = "plan"   // plan would write something
	FindingSum    FindingKind = "sum"    // a sum file does not match
	FindingEffect FindingKind = "effect" // an effect file is missing or wrong
	FindingDown   FindingKind = "down"   // a down file is missing or does not revert its migration
	FindingDone   FindingKind = "done"   // the query that tells whether a data step is done fails

	FindingCheckpoint FindingKind = "checkpoint" // a checkpoint does not produce the schema of the migrations before it
	FindingDocs       FindingKind = "docs"       // a page about the schema is out of date
)

// A Finding is a problem in a project.
type Finding struct {
	Kind FindingKind
	// File is the offending file, relative to the migrations folder; of FindingDocs, relative to the project's; "" for
	// FindingPlan, which is about the schema file.
	File string
	// Line is 1-based, 0 for the whole file.
	Line int
	// Text says what is wrong and what to do.
	Text string
	// Differences are the details, if any.
	Differences []catalog.Difference
}

// A Script is one direction of a migration.
type Script struct {
	File   string
	Stmts  []pgsql.Stmt
	TxNone bool
	None   bool // the migration cannot be reverted
}

// An Error is a plan that does not produce the schema file's schema, or whose down files do not revert it. Nothing
// was written.
type Error struct {
	// File is the planned file that is wrong, "down/..." for a down file; "" if the engine finds nothing to do
	// although the catalogs differ.
	File string
	// Err is the statement that PostgreSQL refused, or nil.
	Err *runner.StmtError
	// Differences are those of the catalog after the file.
	Differences []catalog.Difference
	// Outside reports that the differences are in what schema.hcl doesn't manage.
	Outside bool
}

func (e *Error) Error() string {
	var b strings.Builder
	switch {
	case e.Err != nil:
		fmt.Fprintf(&b, "nothing was written: the planned %s fails: %s\n  in: %s\nwrite this change as SQL (new), or change the schema file",
			e.File, e.Err.Reason(), strings.ReplaceAll(pgsql.Mask(e.Err.Stmt), "\n", "\n      "))
		return b.String()
	case e.File == "":
		b.WriteString("the schema file and the migrations differ in what the engine cannot plan:")
	case e.Outside:
		fmt.Fprintf(&b, "nothing was written: the planned %s would change what the schema file doesn't manage:", e.File)
	case strings.HasPrefix(e.File, migration.DownDir+"/"):
		fmt.Fprintf(&b, "nothing was written: the planned %s does not revert its migration:", e.File)
	default:
		fmt.Fprintf(&b, "nothing was written: the planned %s does not produce what the schema file declares:", e.File)
	}
	for _, d := range e.Differences {
		b.WriteString("\n  " + d.Text)
	}
	b.WriteString("\nwrite this change as SQL (new), or change the schema file")
	return b.String()
}

func (e *Error) Unwrap() error {
	if e.Err == nil {
		return nil
	}
	return e.Err
}
