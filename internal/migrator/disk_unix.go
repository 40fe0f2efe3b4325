//go:build linux || darwin

package migrator

import "syscall"

// freeDisk returns how many bytes a user who isn't root may still write below a path, and whether that could be found
// out.
func freeDisk(path string) (int64, bool) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, false
	}
	return int64(fs.Bavail) * int64(fs.Bsize), true
}
