// Package usage has the error of a command line that cannot be meant.
package usage

import "fmt"

// An Error is a request that cannot be meant, whatever the project and the database are like:
// an env that does not exist, two options that exclude each other.
type Error struct{ Text string }

// Errorf makes an *Error.
func Errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

func (e *Error) Error() string { return e.Text }
