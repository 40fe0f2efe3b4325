package tree

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestLease reads a file on which another process has a lease, which makes opening it wait.
func TestLease(t *testing.T) {
	signal.Ignore(unix.SIGIO) // the kernel sends it to ask for a lease's release
	defer signal.Reset(unix.SIGIO)
	folder := t.TempDir()
	put(t, folder, map[string]string{"f": "text"})
	holder, err := os.OpenFile(filepath.Join(folder, "f"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	lease := func(kind int) {
		t.Helper()
		if _, err := unix.FcntlInt(holder.Fd(), unix.F_SETLEASE, kind); err != nil {
			t.Skipf("this file system has no leases: %v", err)
		}
	}
	lease(unix.F_WRLCK)
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	tr, err := Open(ctx, folder)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, func() { cancel(stopped) })
	if _, err := tr.ReadFile("f"); !errors.Is(err, stopped) {
		t.Errorf("error %v, want %v", err, stopped)
	}
	time.AfterFunc(50*time.Millisecond, func() { unix.FcntlInt(holder.Fd(), unix.F_SETLEASE, unix.F_UNLCK) })
	if text, err := open(t, folder).ReadFile("f"); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
}
