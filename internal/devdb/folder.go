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
	// maxSocketPath is the length limit of a socket's path on macOS. Linux allows 4 bytes more.
	maxSocketPath = 103
	socketName    = "/.s.PGSQL." + port
)

// folder is a throwaway server's folder. Its owner is the process that holds the lock on the file "lock" in it. When
// the owner ends, the kernel releases the lock, and the folder is stale.
type folder struct {
	path     string
	inMemory bool
	account  account
	lock     *os.File
}

// bases returns the directories for throwaway servers' folders, the fastest first.
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

// tempDir returns os.TempDir with links resolved, because a running server is identified by the path that it was
// started with.
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

// newFolder creates a folder that only the server's account and root may enter.
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
		// A sweep may have removed the folder as stale before it was locked.
		if tryLock(lock, unix.LOCK_EX) == nil && stillNamed(lock) {
			fmt.Fprintln(lock, os.Getpid()) // for people
			memory, ok := memoryFolder()
			return &folder{path: path, inMemory: ok && base == memory, lock: lock}, nil
		}
		lock.Close()
	}
}

// stillNamed reports whether the name of an open file still refers to it.
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

// sweep removes the folders and the shared memory of killed processes.
func sweep(log logger) {
	known := append(accounts(), account{})
	uids := []int{os.Geteuid()}
	for _, a := range known {
		if a.name != "" {
			uids = append(uids, a.uid)
		}
	}
	sweepSharedMemory(uids)
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
				log.printf("removing a killed run's throwaway server: %v", err)
			}
		}
	}
}

func sweepFolder(path string, made time.Time) error {
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR|unix.O_NOFOLLOW, 0)
	if errors.Is(err, os.ErrNotExist) {
		// Its creator was killed before it created the lock, or is about to create it.
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

// stopServer signals the server on a data directory, if one is running, and reports whether it ended in time.
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

// serverPID returns the pid of the server on a data directory.
func serverPID(data string) (int, bool) {
	pid, ok := filePID(data)
	return pid, ok && servesData(pid, data)
}

// filePID returns the pid in a data directory's pid file. It may be stale and belong to another process.
func filePID(data string) (int, bool) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, false
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	return pid, err == nil && pid > 1
}

// removeStalePID removes the pid file of a killed server if its pid now belongs to another process, as often happens
// after a container restarts. PostgreSQL would take that process for a server and not start.
func removeStalePID(data string) error {
	pid, ok := filePID(data)
	if !ok || servesData(pid, data) || syscall.Kill(pid, 0) != nil {
		return nil
	}
	return os.Remove(filepath.Join(data, "postmaster.pid"))
}

// tryLock takes an flock (LOCK_EX or LOCK_SH), or returns EWOULDBLOCK if it is held.
func tryLock(f *os.File, how int) error {
	return unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
}

// awaitLock waits for an flock.
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
