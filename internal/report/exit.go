package report

import (
	"errors"
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// The exit codes of the commands. After a signal it is 128 and the signal's number.
const (
	ExitDone     = 0
	ExitFailed   = 1 // failed or refused
	ExitUsage    = 2
	ExitFindings = 3 // nothing failed, and there is something to look at
	ExitLocked   = 4 // the lock was not to be had in time; try again
)

// ExitCode is the exit code for the error that a command ended with. An error may name its
// own by a method ExitCode() int.
func ExitCode(err error) int {
	if err == nil {
		return ExitDone
	}
	var coded interface{ ExitCode() int }
	var usage *migrator.UsageError
	var locked *migrator.LockedError
	switch {
	case errors.As(err, &coded):
		return coded.ExitCode()
	case errors.As(err, &usage), errors.As(err, new(*plan.UsageError)):
		return ExitUsage
	case errors.As(err, &locked), errors.As(err, new(*migrator.LostLockError)), errors.As(err, new(*migrator.BlockedError)), errors.As(err, new(*state.LockedError)):
		return ExitLocked
	}
	return ExitFailed
}

// A UsageError is a command line that cannot be meant.
type UsageError struct{ Text string }

// Usagef makes a UsageError.
func Usagef(format string, args ...any) error { return &UsageError{fmt.Sprintf(format, args...)} }

func (e *UsageError) Error() string { return e.Text }

// ExitCode is ExitUsage.
func (e *UsageError) ExitCode() int { return ExitUsage }

// A FindingsError says that a command did its work and found something. The findings
// themselves are in its output already; the error counts them.
type FindingsError struct{ Text string }

func findingsError(n int, one safe) error { return &FindingsError{string(plural(n, one))} }

func (e *FindingsError) Error() string { return e.Text }

// ExitCode is ExitFindings.
func (e *FindingsError) ExitCode() int { return ExitFindings }
