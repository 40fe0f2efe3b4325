// Package usage has the error for command lines that make no sense.
package usage

import "fmt"

// An Error is a command line that makes no sense, whatever is in the database: an env that does not exist, or two options that
// exclude each other.
type Error struct{ Text string }

// Errorf returns an *Error whose text is formatted as fmt.Sprintf does.
func Errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

func (e *Error) Error() string { return e.Text }
