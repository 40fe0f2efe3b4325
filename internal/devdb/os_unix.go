//go:build unix && !linux

package devdb

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// bindToParent has no counterpart outside Linux; see watchParent.
func bindToParent(*exec.Cmd, syscall.Signal) {}

// watchParent starts a shell that waits for the end of this process, seen as
// the end of its input, and then ends the server. free ends the shell.
func watchParent(server int) (free func()) {
	r, w, err := os.Pipe()
	if err != nil {
		return func() {}
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", `cat >/dev/null; kill -QUIT "$1" 2>/dev/null`, "sh", strconv.Itoa(server))
	cmd.Stdin = r
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		w.Close()
		return func() {}
	}
	return func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
		w.Close()
	}
}

// mappedAccounts: there are no user namespaces outside Linux.
func mappedAccounts([]account) []account { return nil }

func mapAccount(*exec.Cmd, account) {}

// memoryFolder: no file system in memory stands ready outside Linux.
func memoryFolder() (string, bool) { return "", false }

// servesData says whether pid is a server on the data directory, as its command line
// names it.
func servesData(pid int, data string) bool {
	out, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), "-D "+data+" ")
}
