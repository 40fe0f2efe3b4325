// Package runner runs scripts of SQL statements the same way everywhere: in a replay, in the linter, on a live database
// and in a script printed for psql. It knows how a script is divided into transactions, how a session is set up and
// reset, and how an error of a statement reads. It knows nothing of files, the record, locks and retries.
package runner

import (
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

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
	// From and To bound the script's statements that have run when the unit has, without To: Stmts, and in a block also
	// BEGIN and COMMIT.
	From, To int
}

// Block reports whether the unit is what is between BEGIN and COMMIT in a script that has no transaction otherwise. The
// runner begins and commits it.
func (u Unit) Block() bool { return u.First > u.From }

// Cut returns the units of a script, in order: the whole script, or, if txNone is set, each block and each of the other
// statements. Without statements it is one empty unit.
func Cut(stmts []pgsql.Stmt, txNone bool) []Unit {
	if !txNone || len(stmts) == 0 {
		return []Unit{{Stmts: stmts, To: len(stmts)}}
	}
	units := make([]Unit, 0, len(stmts))
	for i := 0; i < len(stmts); {
		u := Unit{Stmts: stmts[i : i+1], First: i, Mode: mode(stmts[i]), From: i, To: i + 1}
		if end := blockEnd(stmts, i); end > 0 {
			u = Unit{Stmts: stmts[i+1 : end], First: i + 1, From: i, To: end + 1}
		}
		units = append(units, u)
		i = u.To
	}
	return units
}

// Rest returns the units of a script without a transaction that are left when n of its statements have run. ok is false
// if n is in the middle of a unit, which is left then.
func Rest(stmts []pgsql.Stmt, n int) (units []Unit, ok bool) {
	if n >= len(stmts) {
		return nil, n == len(stmts)
	}
	units = Cut(stmts, true)
	units = units[slices.IndexFunc(units, func(u Unit) bool { return n < u.To }):]
	return units, units[0].From == n
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

// blockEnd returns the index of the COMMIT of the block that begins at i, 0 if none does.
func blockEnd(stmts []pgsql.Stmt, i int) int {
	if !stmts[i].Begins() {
		return 0
	}
	for end := i + 1; end < len(stmts); end++ {
		if stmts[end].Commits() {
			return end
		}
	}
	return 0
}

// A Misfit says why a statement can't be part of a script.
type Misfit int

const (
	Fits      Misfit = iota
	Controls         // it begins or ends a transaction, or uses savepoints
	NeedsNone        // it can't run in a transaction, and the script or the block is one
	NeedsOne         // it can't run outside a transaction, and it isn't in one
	Batched          // it is to run in batches, and is in a block
	Unclosed         // it begins a block that nothing ends
	Unopened         // it ends a block, and none has begun
	Nested           // it begins a block in a block
	Empty            // it ends a block without statements
)

// Control reports whether the statement should begin or end a transaction, and can't.
func (m Misfit) Control() bool {
	switch m {
	case Controls, Unclosed, Unopened, Nested, Empty:
		return true
	}
	return false
}

// Check returns for each of a script's statements why it can't be part of the script, which runs outside a transaction
// if txNone is set, except for its blocks, and in one otherwise.
func Check(stmts []pgsql.Stmt, txNone bool) []Misfit {
	misfits := make([]Misfit, len(stmts))
	open := -1 // the BEGIN of the block
	for i, s := range stmts {
		in := !txNone || open >= 0
		switch class := s.Class(); {
		case txNone && s.Begins():
			if open < 0 {
				open = i
			} else {
				misfits[i] = Nested
			}
		case txNone && s.Commits():
			switch open {
			case -1:
				misfits[i] = Unopened
			case i - 1:
				misfits[i] = Empty
			}
			open = -1
		case class == pgsql.TransactionControl:
			misfits[i] = Controls
		case in && class == pgsql.Standalone:
			misfits[i] = NeedsNone
		case open >= 0 && inBatches(s):
			misfits[i] = Batched
		case !in && class == pgsql.Enclosed:
			misfits[i] = NeedsOne
		}
	}
	if open >= 0 {
		misfits[open] = Unclosed
	}
	return misfits
}

func inBatches(s pgsql.Stmt) bool {
	b, _ := batch.Of(s)
	return b != nil
}
