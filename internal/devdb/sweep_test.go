//go:build unix

package devdb

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// testFolder returns a folder with a data directory and the binaries for it.
func testFolder(t *testing.T) (*folder, binaries) {
	t.Helper()
	ctx := context.Background()
	bins, err := find(ctx, 0, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	f, err := newFolder(ctx, bins)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.remove() })
	if err := copyTemplate(ctx, bins, f, filepath.Join(f.path, "data"), t.Logf); err != nil {
		t.Fatal(err)
	}
	return f, bins
}

func launch(t *testing.T, f *folder, bins binaries) *process {
	t.Helper()
	p, err := startServer(serverCommand{
		bins: bins, account: f.account, data: filepath.Join(f.path, "data"), sockets: f.path, log: filepath.Join(f.path, "log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.stop(syscall.SIGQUIT) })
	return p
}

// A sweep removes a folder whose owner is gone, and stops a server that outlived its owner.
func TestSweepEndsServer(t *testing.T) {
	f, bins := testFolder(t)
	p := launch(t, f, bins)
	cfg, err := socketConfig(f.path, superuser, maintenance)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := p.await(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())

	if err := sweepFolder(f.path, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(f.path); err != nil {
		t.Fatalf("a folder in use was swept: %v", err)
	}
	f.lock.Close()
	sweep(t.Logf)
	if _, err := os.Stat(f.path); !os.IsNotExist(err) {
		t.Errorf("a stale folder was not swept: %v", err)
	}
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
		t.Error("the stale folder's server is still running")
	}
}

// The pid of a killed server may belong to another process now.
func TestSweepSparesOthers(t *testing.T) {
	f, bins := testFolder(t)
	data := filepath.Join(f.path, "data")
	other := f.account.command("/bin/sleep", "60")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer other.Wait()
	defer other.Process.Kill()
	pid := func() string { return strings.TrimSpace(string(mustRead(t, filepath.Join(data, "postmaster.pid")))) }
	if err := os.WriteFile(filepath.Join(data, "postmaster.pid"), []byte(strings.Join([]string{strconv.Itoa(other.Process.Pid), data, "1", "5432", f.path, "", "", ""}, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := f.account.own(filepath.Join(data, "postmaster.pid")); err != nil {
		t.Fatal(err)
	}

	// Nor does it prevent a server from starting there.
	p := launch(t, f, bins)
	cfg, err := socketConfig(f.path, superuser, maintenance)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := p.await(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close(context.Background())
	if strings.HasPrefix(pid(), strconv.Itoa(other.Process.Pid)+"\n") {
		t.Error("another process's pid is still in the pid file")
	}
	p.stop(syscall.SIGQUIT)

	if err := os.WriteFile(filepath.Join(data, "postmaster.pid"), []byte(strconv.Itoa(other.Process.Pid)+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	f.lock.Close()
	sweep(t.Logf)
	if _, err := os.Stat(f.path); !os.IsNotExist(err) {
		t.Errorf("a stale folder was not swept: %v", err)
	}
	if err := other.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("another process was killed: %v", err)
	}
}

func TestSweepWithoutLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), folderPrefix+"x")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := sweepFolder(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("a folder about to be locked was swept: %v", err)
	}
	if err := sweepFolder(dir, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("an old folder without a lock was kept: %v", err)
	}
}

func TestOldTemplatesGo(t *testing.T) {
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{
		"template-15-a.tar": time.Hour, "template-15-b.tar": 31 * 24 * time.Hour, "template-15-b.tar.lock": 31 * 24 * time.Hour, "other": 31 * 24 * time.Hour,
		"facts-15-a": time.Hour, "facts-15-b": 31 * 24 * time.Hour,
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	dropOldTemplates(dir)
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	want := []string{filepath.Join(dir, "facts-15-a"), filepath.Join(dir, "other"), filepath.Join(dir, "template-15-a.tar")}
	if diff := cmp.Diff(want, left); err != nil || diff != "" {
		t.Error(diff, err)
	}
}

func TestFailedStartShowsLog(t *testing.T) {
	f, bins := testFolder(t)
	if err := os.Remove(filepath.Join(f.path, "data", "PG_VERSION")); err != nil {
		t.Fatal(err)
	}
	p := launch(t, f, bins)
	cfg, err := socketConfig(f.path, superuser, maintenance)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.await(context.Background(), cfg)
	if err == nil || !strings.Contains(err.Error(), "PG_VERSION") || !strings.Contains(err.Error(), "the server exited") {
		t.Errorf("error %v", err)
	}
}

// If root may not change its uid, as in a container with one user, the server runs in a user namespace.
func TestUserNamespace(t *testing.T) {
	var mapped *account
	for _, a := range accounts() {
		if a.mapped {
			mapped = &a
		}
	}
	if mapped == nil {
		t.Skip("needs root on Linux")
	}
	ctx := context.Background()
	bins, err := find(ctx, 0, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	f, err := makeFolder(bases()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.remove()
	f.account = *mapped
	if err := run(ctx, f.account, f.path, "", bins.path("postgres"), "--version"); err != nil {
		t.Skipf("user namespaces are closed here: %v", err)
	}
	s, err := startFrom(ctx, f, bins, nil, newBudget(Limits{}), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	db, err := s.Create(ctx)
	if err != nil {
		t.Error(err)
	} else if conn, err := db.Connect(ctx); err != nil {
		t.Error(err)
	} else {
		conn.Close(ctx)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	// The template can be created there too.
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if _, err := makeTemplate(ctx, bins, mustFolder(t, *mapped), filepath.Join(t.TempDir(), "t.tar")); err != nil {
		t.Error(err)
	}
}

func mustFolder(t *testing.T, a account) *folder {
	t.Helper()
	f, err := makeFolder(bases()[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.remove() })
	f.account = a
	if err := a.own(f.path); err != nil {
		t.Fatal(err)
	}
	return f
}

func mustRead(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
