package devdb

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	dsmFiles = "/dev/shm/PostgreSQL." // initdb's and other servers' dynamic shared memory
	// anchorSize is the size in bytes of the System V segment that a PostgreSQL server uses to detect processes of an
	// earlier server that still run.
	anchorSize = 56
)

// sweepSharedMemory removes shared memory of the uids' servers that were killed. A killed initdb also leaves some. A
// System V segment is stale if no process is attached and the process that created it is gone. A file is stale if no
// process of its owner has any such file mapped, because a live server may not have mapped all of its files.
func sweepSharedMemory(uids []int) {
	segments, _ := os.ReadFile("/proc/sysvipc/shm")
	for line := range bytes.Lines(segments) {
		var key, id, perms, size, creator, last, attached, uid int
		_, err := fmt.Sscan(string(line), &key, &id, &perms, &size, &creator, &last, &attached, &uid)
		if err != nil || size != anchorSize || attached > 0 || !slices.Contains(uids, uid) || !ended(creator) {
			continue
		}
		_, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
	}

	const young = 10 * time.Minute // the server that created it may be about to map it
	old := map[int][]string{}
	files, _ := filepath.Glob(dsmFiles + "*")
	for _, name := range files {
		info, err := os.Lstat(name)
		if err != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) < young {
			continue
		}
		if uid := int(info.Sys().(*syscall.Stat_t).Uid); slices.Contains(uids, uid) {
			old[uid] = append(old[uid], name)
		}
	}
	for uid, names := range old {
		if mapsShared(uid) {
			continue
		}
		for _, name := range names {
			_ = os.Remove(name)
		}
	}
}

// ended reports whether a process has ended; init may not have waited for it yet.
func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return os.IsNotExist(err) || bytes.Contains(stat, []byte(") Z "))
}

// mapsShared reports whether a process of the uid may have mapped a server's file of dynamic shared memory.
func mapsShared(uid int) bool {
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return true
	}
	for _, p := range processes {
		info, err := os.Stat(p)
		if err != nil || int(info.Sys().(*syscall.Stat_t).Uid) != uid {
			continue
		}
		maps, err := os.ReadFile(p + "/maps")
		if err != nil && !os.IsNotExist(err) && !strings.Contains(err.Error(), syscall.ESRCH.Error()) || bytes.Contains(maps, []byte(" "+dsmFiles)) {
			return true
		}
	}
	return false
}
