//go:build unix

package tree

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock locks the folder itself, so that not even a killed process leaves a lock file.
func tryLock(root string) (unlock func(), err error) {
	dir, err := os.Open(root)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		dir.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, err
	}
	return func() { dir.Close() }, nil
}

// syncDir makes renames in a folder below root durable. It ignores file systems that can't.
func syncDir(root *os.Root, dir string) {
	if d, err := root.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}
