package devdb

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSaveOnFullDisk(t *testing.T) {
	cache := emptyCache(t)
	s := startWith(t, "a") // creates the template
	if err := unix.Mount("tmpfs", cache, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("mounting a small file system takes root: %v", err)
	}
	defer unix.Unmount(cache, unix.MNT_DETACH)
	s.save(t, "a", "CREATE TABLE one ()")
	if got := s.log.String(); !strings.HasPrefix(got, "can't cache the replayed migrations: write ") || !strings.HasSuffix(got, ": no space left on device\n") {
		t.Errorf("log: %q", got)
	}
	if left, err := os.ReadDir(cache); err != nil || len(left) > 0 {
		t.Errorf("remaining: %v, %v", left, err)
	}
}
