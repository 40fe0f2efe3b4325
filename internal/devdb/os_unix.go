//go:build unix && !linux

package devdb

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// bindToParent does nothing: see watchParent.
func bindToParent(*exec.Cmd, syscall.Signal) {}

// watchParent starts a shell that stops the server when this process ends, which closes the shell's input. free ends
// the shell.
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

// mappedAccounts returns nothing: only Linux has user namespaces.
func mappedAccounts([]account) []account { return nil }

func mapAccount(*exec.Cmd, account) {}

// memoryFolder returns nothing: only Linux has a file system in memory by default.
func memoryFolder() (string, bool) { return "", false }

// servesData reports whether pid is a server that was started on the data directory, by its command line.
func servesData(pid int, data string) bool {
	out, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), "-D "+data+" ")
}

// sweepSharedMemory does nothing: only Linux lists the segments.
func sweepSharedMemory([]int) {}
