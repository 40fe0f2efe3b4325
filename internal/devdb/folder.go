//go:build unix

package devdb

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	folderPrefix = "ibutsu-dev-"
	// maxSocketPath is the room for a socket's path in macOS's address; Linux
	// has 4 bytes more.
	maxSocketPath = 103
	socketName    = "/.s.PGSQL." + port
)

// folder is a throwaway server's folder. Whoever holds the lock on the file
// "lock" in it owns it; the kernel lets go of the lock when the owner dies, and
// the folder is then a leftover.
type folder struct {
	path     string
	inMemory bool
	account  account
	lock     *os.File
}

// bases lists where folders are made, the fastest first.
func bases() []string {
	var list []string
	if dir, ok := memoryFolder(); ok {
		list = append(list, dir)
	}
	tmp := tempDir()
	if len(tmp)+len("/"+folderPrefix+"0123456789"+socketName) > maxSocketPath {
		tmp = "/tmp"
	}
	return append(list, tmp)
}

// tempDir is os.TempDir without links in it: a running server is known by the
// path that it was started with.
func tempDir() string {
	dir, err := filepath.Abs(os.TempDir())
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return "/tmp"
	}
	return dir
}

// newFolder makes a folder that only the server's account (and root) may enter.
func newFolder(ctx context.Context, bins binaries) (*folder, error) {
	var errs []error
	for _, base := range bases() {
		f, err := makeFolder(base)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if f.account, err = choose(ctx, f.path, bins); err != nil {
			f.remove()
			return nil, err
		}
		return f, nil
	}
	return nil, errors.Join(errs...)
}

func makeFolder(base string) (*folder, error) {
	for {
		var id [5]byte
		rand.Read(id[:])
		path := filepath.Join(base, folderPrefix+hex.EncodeToString(id[:]))
		err := os.Mkdir(path, 0o700)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			os.RemoveAll(path)
			return nil, err
		}
		// A sweep may have taken the folder for a leftover in the moment
		// before the lock. Then it is gone.
		if tryLock(lock, unix.LOCK_EX) == nil && stillNamed(lock) {
			fmt.Fprintln(lock, os.Getpid()) // for people
			memory, ok := memoryFolder()
			return &folder{path: path, inMemory: ok && base == memory, lock: lock}, nil
		}
		lock.Close()
	}
}

// stillNamed says whether an open file's name still leads to it.
func stillNamed(f *os.File) bool {
	open, err1 := f.Stat()
	named, err2 := os.Lstat(f.Name())
	return err1 == nil && err2 == nil && os.SameFile(open, named)
}

func (f *folder) remove() error {
	err := os.RemoveAll(f.path)
	f.lock.Close()
	return err
}

// sweep removes what killed processes left behind.
func sweep(log logger) {
	known := append(accounts(), account{})
	list := bases()
	for _, dir := range []string{"/dev/shm", tempDir()} {
		if !slices.Contains(list, dir) {
			list = append(list, dir)
		}
	}
	for _, base := range list {
		entries, err := os.ReadDir(base)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), folderPrefix) {
				continue
			}
			info, err := e.Info()
			if err != nil || !info.IsDir() || !slices.ContainsFunc(known, func(a account) bool { return a.owns(info) }) {
				continue
			}
			if err := sweepFolder(filepath.Join(base, e.Name()), info.ModTime()); err != nil {
				log.printf("removing what an earlier run left behind: %v", err)
			}
		}
	}
}

func sweepFolder(path string, made time.Time) error {
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR|unix.O_NOFOLLOW, 0)
	if errors.Is(err, os.ErrNotExist) {
		// Its maker was killed before the lock, or is about to make it.
		if time.Since(made) > time.Minute {
			return os.RemoveAll(path)
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	if tryLock(lock, unix.LOCK_EX) != nil {
		return nil
	}
	for _, sig := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGKILL} {
		if stopServer(filepath.Join(path, "data"), sig, 10*time.Second) {
			break
		}
	}
	return os.RemoveAll(path)
}

// stopServer signals the server on a data directory, if one runs there, and says
// whether it has ended in time.
func stopServer(data string, sig syscall.Signal, within time.Duration) bool {
	pid, ok := serverPID(data)
	if !ok {
		return true
	}
	syscall.Kill(pid, sig)
	for deadline := time.Now().Add(within); servesData(pid, data); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// serverPID returns the process that serves a data directory.
func serverPID(data string) (int, bool) {
	pid, ok := filePID(data)
	return pid, ok && servesData(pid, data)
}

// filePID returns the pid that a data directory's pid file names. It may be
// stale, and another process's by now.
func filePID(data string) (int, bool) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, false
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	return pid, err == nil && pid > 1
}

// removeStalePID removes the pid file of a server that was killed if its pid is
// another process's by now, as often after a container's restart: PostgreSQL
// would take that process for a server and not start.
func removeStalePID(data string) error {
	pid, ok := filePID(data)
	if !ok || servesData(pid, data) || syscall.Kill(pid, 0) != nil {
		return nil
	}
	return os.Remove(filepath.Join(data, "postmaster.pid"))
}

// tryLock takes an flock (LOCK_EX or LOCK_SH) or returns EWOULDBLOCK at once.
func tryLock(f *os.File, how int) error {
	return unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
}

// awaitLock takes an flock as soon as it is free.
func awaitLock(ctx context.Context, f *os.File, how int) error {
	for {
		err := tryLock(f, how)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("locking %s: %w", f.Name(), err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
