package report

import (
	"errors"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/state"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// The exit codes of the commands. After a signal the code is 128 plus the signal's number.
const (
	ExitDone     = 0
	ExitFailed   = 1 // failed or refused
	ExitUsage    = 2
	ExitFindings = 3 // nothing failed, and something needs attention
	ExitLocked   = 4 // a lock wasn't available in time; try again
)

// ExitCode returns the exit code for the error that a command ended with. It asks no error for its code, because that
// of a child program, an *exec.ExitError, isn't ours.
func ExitCode(err error) int {
	if err == nil {
		return ExitDone
	}
	var locked *migrator.LockedError
	switch {
	case errors.As(err, new(*FindingsError)):
		return ExitFindings
	case errors.As(err, new(*usage.Error)), errors.As(err, new(*migration.ResolveError)):
		return ExitUsage
	case errors.As(err, &locked), errors.As(err, new(*migrator.LostLockError)), errors.As(err, new(*migrator.BlockedError)), errors.As(err, new(*state.LockedError)):
		return ExitLocked
	}
	return ExitFailed
}

// A FindingsError reports that a command succeeded and found something.
type FindingsError struct {
	Text  string
	Shown bool // the command's output says as much
}

func findingsError(n int, one safe) error {
	return &FindingsError{Text: string(plural(n, one)), Shown: true}
}

// Shown reports whether a command's output says all that its error says.
func Shown(err error) bool {
	var found *FindingsError
	return errors.As(err, &found) && found.Shown && err.Error() == found.Text // and no other error is joined to it
}

func (e *FindingsError) Error() string { return e.Text }
