// Package proof compares migrations with what they should give, by running them: planned files on the replayed state and back,
// the files of a directory with their effects and ways back, and what they give against the schema file. It compares
// PostgreSQL's catalogs and knows neither who planned nor who asks.
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

// Base is what is proven, and where.
type Base struct {
	// Server is where states are worked out.
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
	FindingSum    FindingKind = "sum"    // a sum file does not fit
	FindingEffect FindingKind = "effect" // an effect file is missing or says something else
	FindingDown   FindingKind = "down"   // a down file is missing or does not lead back

	FindingCheckpoint FindingKind = "checkpoint" // a checkpoint does not give what the migrations before it do
)

// A Finding is something that is not in order.
type Finding struct {
	Kind FindingKind
	// File is the file that it is about, relative to the migrations folder; empty for
	// FindingPlan, which is about the schema file.
	File string
	// Line is 1-based, 0 if the whole file is meant.
	Line int
	// Text says what is wrong and what to do.
	Text string
	// Differences are what it is about in particular, if anything.
	Differences []catalog.Difference
}

// A Script is one direction of a file, as the replay takes it.
type Script struct {
	File   string
	Stmts  []pgsql.Stmt
	TxNone bool
	None   bool // a way back that does not exist
}

// An Error is a plan that does not give what it should. Nothing was written.
type Error struct {
	// File is the planned file that is wrong, "down/..." for a way back; empty if the
	// engine finds nothing to do where the catalogs differ.
	File string
	// Err is the statement that PostgreSQL refused, if it came to that.
	Err *runner.StmtError
	// Differences are what is not as it should be after the file.
	Differences []catalog.Difference
	// Outside says that the differences are in what stands outside schema.hcl.
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
		fmt.Fprintf(&b, "nothing was written: the planned %s would change what stands outside the schema file:", e.File)
	case strings.HasPrefix(e.File, migration.DownDir+"/"):
		fmt.Fprintf(&b, "nothing was written: the planned %s does not lead back:", e.File)
	default:
		fmt.Fprintf(&b, "nothing was written: the planned %s does not give what the schema file says:", e.File)
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
