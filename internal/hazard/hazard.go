// Package hazard describes what a change does to the rows and the users of a table. The planner, lint and reports use
// it.
//
// The package is pure: it uses no database. Callers resolve types and pass in what a statement did. Hazards are data;
// callers decide how to show them in a file or on a terminal.
package hazard

import (
	"github.com/ibutsu/ibutsu-schema/internal/fix"
)

// A Kind is a kind of hazard.
type Kind string

const (
	Rewrite Kind = "rewrite" // every row is rewritten under the lock
	Block   Kind = "block"   // the lock is held for a time that grows with the table
	Rebuild Kind = "rebuild" // a Block that rebuilds indexes
	Recheck Kind = "recheck" // a Block that rechecks every row
	Along   Kind = "along"   // the lock is also taken on this table while another table's hazard lasts

	Lossy  Kind = "lossy"  // silently changes values
	Narrow Kind = "narrow" // fails if a value doesn't fit in the new type
	Cast   Kind = "cast"   // fails if a value can't be converted to the new type
	Fails  Kind = "fails"  // fails because of the rows for another reason

	Violated Kind = "violated" // fails if rows violate a new constraint; the query counts them

	Early    Kind = "early"    // meanwhile a deferrable constraint isn't deferred
	Conflict Kind = "conflict" // meanwhile INSERT ... ON CONFLICT may fail with a duplicate key
	Notice   Kind = "notice"   // an application may notice the change
)

// Lock modes, as in pg_locks.
const (
	AccessExclusive   = "AccessExclusiveLock"   // blocks reads and writes
	ShareRowExclusive = "ShareRowExclusiveLock" // blocks writes
)

// A Hazard is what can go wrong with a change, or what it costs. Hazards are comparable.
type Hazard struct {
	Kind   Kind
	Table  string // as SQL
	Column string // as SQL; may be empty
	Lock   string // the strongest lock on the table during the change; may be empty

	// What happens, without a period: a clause for a Long hazard ("the type of a changes from integer to bigint, which
	// ..."), a verb phrase for one about values ("silently loses the fractional digits of a").
	What string
	// Also is further information in sentences, each on a line; often empty.
	Also string
	// Query finds the affected rows, on every supported version; empty if it isn't about rows.
	Query fix.Text
	// Instead is how to avoid the hazard; empty if it can't be avoided.
	Instead fix.Text
}

// Long reports whether a hazard blocks others for a time that grows with the table.
func (h Hazard) Long() bool {
	switch h.Kind {
	case Rewrite, Block, Rebuild, Recheck, Along:
		return true
	}
	return false
}
