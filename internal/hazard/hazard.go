// Package hazard knows what a change does to the rows and the users of a table. The planner, lint and reports take it from
// here, so they say the same of the same change.
//
// The package is pure: it asks no database. Types come resolved, and what a statement was seen to do is passed in. Hazards are
// data; how they read in a file or on a terminal is for those who show them.
package hazard

import (
	"github.com/ibutsu/ibutsu-schema/internal/fix"
)

// A Kind says what sort of a hazard one is.
type Kind string

const (
	Rewrite Kind = "rewrite" // every row is written again, under the lock
	Block   Kind = "block"   // the lock is held for as long as the table is big
	Rebuild Kind = "rebuild" // a Block that builds indexes again
	Recheck Kind = "recheck" // a Block that checks every row again
	Along   Kind = "along"   // the lock is taken on this table too, for as long as another one's hazard lasts

	Lossy  Kind = "lossy"  // values become others without an error
	Narrow Kind = "narrow" // it fails at a value that the new type has no room for
	Cast   Kind = "cast"   // it fails at a value that the new type cannot read
	Fails  Kind = "fails"  // it fails for another reason that lies in the rows
)

// Locks, as pg_locks names them.
const (
	AccessExclusive   = "AccessExclusiveLock"   // nobody reads or writes the table
	ShareRowExclusive = "ShareRowExclusiveLock" // nobody writes it
)

// A Hazard is what can go wrong with a change, or what it costs. Hazards can be compared by ==.
type Hazard struct {
	Kind   Kind
	Table  string // as SQL writes it
	Column string // as SQL writes it; empty if none is meant
	Lock   string // the strongest on the table meanwhile; empty if it is not about one

	// What happens, without a period: a clause for one that takes long ("the type of a changes from integer to bigint, which
	// ..."), a verb with what follows it for one of values ("loses the fractions of a without an error").
	What string
	// Also is what else is to be known, in whole sentences, each on a line; often empty.
	Also string
	// Query finds the rows that are meant, on every supported version; empty if it is not about rows.
	Query fix.Text
	// Instead is what to do to be safe from it; empty if there is nothing.
	Instead fix.Text
}

// Long reports whether a hazard is that somebody waits for as long as a table is big.
func (h Hazard) Long() bool {
	switch h.Kind {
	case Rewrite, Block, Rebuild, Recheck, Along:
		return true
	}
	return false
}
