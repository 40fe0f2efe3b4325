package migration

import (
	"fmt"
	"slices"
	"strings"
)

// A FileError is an error at a position in the directory.
type FileError struct {
	File string // path inside the migrations folder, "down/20260101120000_x.sql"
	Line int    // from 1; 0 for the file as a whole
	Col  int    // in characters, from 1; 0 for the line as a whole
	Msg  string
	// Transaction means that the file was read, but can't run in the transaction mode that it chooses.
	Transaction bool
}

func (e *FileError) Error() string {
	switch {
	case e.Line == 0:
		return fmt.Sprintf("%s: %s", e.File, e.Msg)
	case e.Col == 0:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg)
	default:
		return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Msg)
	}
}

// Errors are all errors of a directory, in the order of its files. It is never empty.
type Errors []*FileError

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Readable reports whether all files could be read, so that Read also returned a Dir.
func (e Errors) Readable() bool {
	return !slices.ContainsFunc(e, func(err *FileError) bool { return !err.Transaction })
}

// Unwrap lets errors.As find the first *FileError.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, err := range e {
		errs[i] = err
	}
	return errs
}
