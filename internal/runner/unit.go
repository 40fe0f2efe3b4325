// Package runner runs scripts of SQL statements the same way everywhere: in a replay, in the linter, on a live database
// and in a script printed for psql. It knows how a script is divided into transactions, how a session is set up and
// reset, and how an error of a statement reads. It knows nothing of files, the record, locks and retries.
package runner

import "github.com/ibutsu/ibutsu-schema/internal/pgsql"

// A Mode is how a unit runs: in a transaction or not.
type Mode int

const (
	// Together is a transaction that the runner begins and commits.
	Together Mode = iota
	// Alone is a statement that can't run in a transaction.
	Alone
	// MayCommit is a statement that runs outside a transaction because its code may commit: DO and CALL.
	MayCommit
	// Either is a statement that runs outside a transaction because it can't run in one if its table is partitioned.
	Either
)

// A Unit is run as a whole.
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
	Controls         // it begins or ends a transaction, or uses savepoints
	NeedsNone        // it can't run in a transaction, and the script is one
	NeedsOne         // it can't run outside a transaction, and the script has none
)

// Check returns why a statement can't be part of a script, which runs outside a transaction if txNone is set, and in
// one otherwise.
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
