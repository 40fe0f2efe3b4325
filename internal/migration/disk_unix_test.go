//go:build unix

package migration_test

import (
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// TestWriteWithoutSpace writes in a process whose files can't grow, which fails as a full disk does.
func TestWriteWithoutSpace(t *testing.T) {
	const where = "MIGRATION_TEST_NO_SPACE"
	big := draft("20260102000000", "b")
	big.Effect = strings.Repeat("+ line\n", 1000) // staged after the migration and its down file
	if root := os.Getenv(where); root != "" {
		signal.Ignore(syscall.SIGXFSZ)
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1000, Max: 1000}); err != nil {
			t.Fatal(err)
		}
		err := mustRead(t, os.DirFS(root)).Write(t.Context(), root, []migration.Draft{big})
		if err == nil || !strings.HasPrefix(err.Error(), "writing effect/20260102000000_b.txt: ") {
			t.Errorf("got %v", err)
		}
		return
	}
	root := t.TempDir()
	if err := mustRead(t, os.DirFS(root)).Write(t.Context(), root, []migration.Draft{draft("20260101000000", "a")}); err != nil {
		t.Fatal(err)
	}
	before := readFiles(t, root)
	child := exec.Command(os.Args[0], "-test.run=^TestWriteWithoutSpace$")
	child.Env = append(os.Environ(), where+"="+root)
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(before, readFiles(t, root)); diff != "" {
		t.Error(diff)
	}
}
