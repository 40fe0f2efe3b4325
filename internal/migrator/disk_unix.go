//go:build linux || darwin

package migrator

import "syscall"

// freeDisk returns how many bytes a user other than root can still write below a path. The result is false if that is
// unknown.
func freeDisk(path string) (int64, bool) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, false
	}
	return int64(fs.Bavail) * int64(fs.Bsize), true
}
