package e2e

import (
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSignalEndsReading stops commands while they wait for a file on which another process, such as Samba, has a lease.
func TestSignalEndsReading(t *testing.T) {
	signal.Ignore(unix.SIGIO) // asks a lease's holder to release it
	defer signal.Reset(unix.SIGIO)
	dir := gitProject(t)
	for _, place := range []string{"atlas.hcl", "schema.hcl", "migrations/20260102000000_b.sql", "migrations/atlas.sum"} {
		holder, err := os.OpenFile(filepath.Join(dir, place), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := unix.FcntlInt(holder.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
			t.Skipf("this file system has no leases: %v", err)
		}
		cmd := in(dir, "", "check")
		out, wait := started(t, cmd)
		time.Sleep(time.Second)
		sent := time.Now()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code, took := wait(), time.Since(sent); code != 128+int(syscall.SIGTERM) || took > 10*time.Second {
			t.Errorf("%s: exit code %d after %v\n%s", place, code, took, out)
		}
		holder.Close()
	}
}
