package devdb

import (
	"bytes"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// bindToParent makes the kernel send sig to the process when the thread that starts it ends, so that thread must be
// locked for as long as the process runs.
func bindToParent(cmd *exec.Cmd, sig syscall.Signal) { cmd.SysProcAttr.Pdeathsig = sig }

// watchParent does nothing, because bindToParent works on Linux.
func watchParent(int) (free func()) { return func() {} }

// mappedAccounts returns the account that root can have in a user namespace. initdb needs a uid that has a name.
func mappedAccounts(known []account) []account {
	a := account{name: "nobody in a user namespace", uid: 65534, gid: 65534, mapped: true}
	if len(known) > 0 {
		a.uid, a.gid = known[0].uid, known[0].gid
		a.name = known[0].name + " in a user namespace"
	} else if _, err := user.LookupId(strconv.Itoa(a.uid)); err != nil {
		a.name = "an unnamed user in a user namespace"
	}
	return []account{a}
}

func mapAccount(cmd *exec.Cmd, a account) {
	cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWUSER
	cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: a.uid, HostID: 0, Size: 1}}
	cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: a.gid, HostID: 0, Size: 1}}
}

// memoryFolder returns a file system in memory, if it has enough space for a server: about 40 MB and the migrations'
// data.
func memoryFolder() (string, bool) {
	const dir, need = "/dev/shm", 512 << 20
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < need {
		return "", false
	}
	return dir, unix.Access(dir, unix.W_OK|unix.X_OK) == nil
}

// servesData reports whether pid is a server that was started on the data directory. It reads the command line, because
// reading the working directory takes a capability that root lacks in most containers.
func servesData(pid int, data string) bool {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	return err == nil && bytes.Contains(text, []byte("\x00-D\x00"+data+"\x00"))
}

// freeSpace returns how many bytes are free on the file system of a folder, or 0 if that is unknown.
func freeSpace(folder string) int64 {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0
	}
	return int64(s.Bfree) * s.Bsize
}
