//go:build unix

package tree

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSpecial reads files that would block or never end.
func TestSpecial(t *testing.T) {
	folder := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(folder, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	// A socket's path must be short, and a test's folder isn't.
	short, err := os.MkdirTemp("/tmp", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(short) })
	l, err := net.Listen("unix", filepath.Join(short, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, tt := range []struct{ folder, name, want string }{
		{folder, "fifo", "fifo: is a FIFO, not a regular file: remove it"},
		{short, "s", "s: is a socket, not a regular file: remove it"},
		{"/dev", "zero", "zero: is a device, not a regular file: remove it"},
		{"/dev", "null", "null: is a device, not a regular file: remove it"},
	} {
		_, err := open(t, tt.folder).ReadFile(tt.name)
		check(t, tt.name, err, tt.want)
		_, err = open(t, tt.folder).ReadDir(tt.name)
		check(t, tt.name, err, tt.want)
	}
	// A FIFO that replaces a regular file while it is opened doesn't block either.
	tr := open(t, folder)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f, err := tr.openFile(tr.Root(), "fifo")
		if err != nil {
			t.Error(err)
			return
		}
		f.Close()
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Error("opening a FIFO waits for a writer")
	}
}
