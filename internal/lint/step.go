package lint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// A step is a statement and what PostgreSQL did when it ran.
type step struct {
	stmt pgsql.Stmt
	st   *pgsql.Statement
	tx   int  // steps with the same number were one transaction
	last bool // of its transaction

	// before and after are the catalogs around it. Of a statement that did not run they are one.
	before, after *snapshot
	messages      []*pgconn.Notice // what the server said meanwhile, debug messages included

	refused runner.Misfit     // why it was not run, if it was not
	failed  *runner.StmtError // PostgreSQL refused it
	// data is the failure that the rows of the scratch database led to; without them the statement ran.
	data *runner.StmtError
	// asked are the locks that a statement that runs in no transaction was seen to ask for.
	asked map[lockKey]bool
	// otherwise says that IF NOT EXISTS skipped an object whose definition is another one.
	otherwise string
	// rows says that the statement only adds rows to a table, and that the next one adds more to it: what they do is looked at
	// when the last of them is done. A file of many thousands would take minutes else.
	rows bool
	// definitions are those of the indexes that the statement made, by OID.
	definitions map[uint32]string
	// bounds are the conditions that rows of the partitions have which the statement made or attached, by OID; without those
	// that hold in this database only.
	bounds map[uint32]string
	// uses are what depends on the functions that the statement replaced, by function.
	uses map[uint32][]use
}

// strength orders the lock modes that matter.
var strength = map[string]int{
	"RowShareLock": 1, "RowExclusiveLock": 2, "ShareUpdateExclusiveLock": 3, "ShareLock": 4, "ShareRowExclusiveLock": 5,
	"ExclusiveLock": 6, "AccessExclusiveLock": 7,
}

func strongest(locks map[lockKey]bool, relation uint32) string {
	mode := ""
	for l := range locks {
		if l.Relation == relation && strength[l.Mode] > strength[mode] {
			mode = l.Mode
		}
	}
	return mode
}

// lock is the strongest lock on a relation that the statement took, or, if it needed none that was not there, that is kept; ""
// if there is none.
func (s *step) lock(relation uint32) string {
	if s.asked != nil {
		return strongest(s.asked, relation)
	}
	mode := ""
	for l := range s.after.locks {
		if l.Relation == relation && strength[l.Mode] > strength[mode] && !s.before.locks[l] {
			mode = l.Mode
		}
	}
	if mode != "" {
		return mode
	}
	return strongest(s.after.locks, relation)
}

// kept is the strongest lock on a relation that was there before the statement began.
func (s *step) kept(relation uint32) string { return strongest(s.before.locks, relation) }

// scanned reports whether the statement read a table from end to end.
func (s *step) scanned(table uint32) bool {
	if s.after.counts[table].Scans > s.before.counts[table].Scans {
		return true
	}
	r := s.before.relations[table]
	if r == nil {
		return false
	}
	name := strconv.Quote(r.Name)
	return slices.ContainsFunc(s.messages, func(n *pgconn.Notice) bool {
		return n.Message == "verifying table "+name || strings.HasPrefix(n.Message, "building index ") && strings.Contains(n.Message, " on table "+name)
	})
}

// said reports whether the server sent a message that begins so.
func (s *step) said(prefix string) bool {
	return slices.ContainsFunc(s.messages, func(n *pgconn.Notice) bool { return strings.HasPrefix(n.Message, prefix) })
}

// rewritten reports whether a relation has other files now.
func (s *step) rewritten(relation uint32) bool {
	b, a := s.before.relations[relation], s.after.relations[relation]
	return b != nil && a != nil && (b.FileNode != a.FileNode || b.Tablespace != a.Tablespace)
}

// seen reports whether the statement ran, or was imitated.
func (s *step) seen() bool { return s.ran() || s.after != s.before }

// ran reports whether the statement ran to its end.
func (s *step) ran() bool { return s.refused == runner.Fits && s.failed == nil }

// A trace is what happened when a file was run.
type trace struct {
	file   *migration.File
	steps  []*step
	failed *runner.StmtError // what the file fails with, if it does and no finding says it already
	// incomplete says that a statement was refused: nothing of a file with a transaction stands then.
	incomplete bool
}
