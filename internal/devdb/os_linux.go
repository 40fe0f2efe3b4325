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

// bindToParent has the kernel send sig to the process when the thread that
// starts it ends; that thread has to be locked for the process's life.
func bindToParent(cmd *exec.Cmd, sig syscall.Signal) { cmd.SysProcAttr.Pdeathsig = sig }

// watchParent has nothing to do where bindToParent works.
func watchParent(int) (free func()) { return func() {} }

// mappedAccounts lists the account that root has in a user namespace of its
// own. initdb wants a uid that has a name.
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

// memoryFolder is a file system in memory, if it has room for a server: about
// 40 MB, and what the migrations put there.
func memoryFolder() (string, bool) {
	const dir, need = "/dev/shm", 512 << 20
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < need {
		return "", false
	}
	return dir, unix.Access(dir, unix.W_OK|unix.X_OK) == nil
}

// servesData says whether pid is a server that was started on the data
// directory. The command line may be read of every process, the working
// directory only with a right that root lacks in most containers.
func servesData(pid int, data string) bool {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	return err == nil && bytes.Contains(text, []byte("\x00-D\x00"+data+"\x00"))
}
