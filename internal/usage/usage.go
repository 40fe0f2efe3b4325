// Package usage has the error for invalid command lines.
package usage

import "fmt"

// An Error means that a command line is invalid, whatever the database holds: an unknown env, or two options that can't
// be used together.
type Error struct{ Text string }

// Errorf returns an *Error whose text is formatted as fmt.Sprintf does.
func Errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

func (e *Error) Error() string { return e.Text }
