//go:build !unix

package project

import (
	"errors"
	"io/fs"
	"os"
)

// readFile reads a file. op is what failed.
func readFile(path string) (text []byte, op string, err error) {
	text, err = os.ReadFile(path)
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return nil, failed.Op, failed.Err
	}
	return text, "read", err
}
