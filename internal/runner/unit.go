// Package runner runs scripts of SQL statements, in the same way wherever one runs: in a replay, under the linter, on a live
// database and in a script printed for psql. It knows into which transactions a script is cut, in which session each script
// starts, and what a statement that failed says. Names of files, records, locks and retries are its callers'.
package runner

import "github.com/ibutsu/ibutsu-schema/internal/pgsql"

// A Mode says in what transaction a unit runs.
type Mode int

const (
	// Together is one transaction, which the runner begins and commits.
	Together Mode = iota
	// Alone is a statement that PostgreSQL refuses in a transaction.
	Alone
	// MayCommit is a statement that runs in no transaction because it may run code that ends it: DO and CALL.
	MayCommit
	// Either is a statement that runs in no transaction because PostgreSQL refuses it in one if what it names is partitioned.
	Either
)

// A Unit is what is done or not done as a whole.
type Unit struct {
	Stmts []pgsql.Stmt // exactly one unless Mode is Together
	First int          // index in the script of the first
	Mode  Mode
}

// Cut returns the units of a script, in order: the whole script, or, if txNone is set, each of its statements. Without
// statements it is one empty unit.
func Cut(stmts []pgsql.Stmt, txNone bool) []Unit {
	if !txNone || len(stmts) == 0 {
		return []Unit{{Stmts: stmts}}
	}
	units := make([]Unit, len(stmts))
	for i, s := range stmts {
		units[i] = Unit{Stmts: stmts[i : i+1], First: i, Mode: mode(s)}
	}
	return units
}

func mode(s pgsql.Stmt) Mode {
	switch s.Class() {
	case pgsql.Standalone:
		return Alone
	case pgsql.MayCommit:
		return MayCommit
	case pgsql.Either:
		return Either
	}
	return Together
}

// A Misfit says why a statement can't be part of a script.
type Misfit int

const (
	Fits      Misfit = iota
	Controls         // it begins, ends or divides a transaction
	NeedsNone        // PostgreSQL refuses it in a transaction, and the script is one
	NeedsOne         // PostgreSQL refuses it outside of a transaction, and the script has none
)

// Check says whether a statement can be part of a script without a transaction, if txNone is set, or of one that is a
// transaction.
func Check(s pgsql.Stmt, txNone bool) Misfit {
	switch class := s.Class(); {
	case class == pgsql.TransactionControl:
		return Controls
	case class == pgsql.Standalone && !txNone:
		return NeedsNone
	case class == pgsql.Enclosed && txNone:
		return NeedsOne
	}
	return Fits
}
