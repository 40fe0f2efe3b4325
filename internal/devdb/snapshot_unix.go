//go:build unix

package devdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// maxSnapshots is how many bytes all kept states together may take in the cache.
var maxSnapshots int64 = 256 << 20

const snapshotPrefix = "kept-"

// snapshotFile is the name of a state's archive. It serves only the very binaries and
// settings that it was made with, as the template does.
func snapshotFile(bins binaries, state string) string {
	return snapshotPrefix + serverKey(bins) + "-" + strings.TrimPrefix(snapshotDatabase(state), "kept_") + ".tar"
}

// restore makes the data directory from the first of the states that is stored,
// and returns its name, "" if there is none. A damaged one is dropped.
func restore(ctx context.Context, bins binaries, f *folder, data string, states []string, log logger) (state, file string, err error) {
	cache, err := cacheDir(log)
	if err != nil {
		return "", "", fmt.Errorf("choosing a cache folder: %w", err)
	}
	entries, err := os.ReadDir(cache)
	if err != nil {
		return "", "", nil
	}
	stored := map[string]bool{}
	for _, e := range entries {
		stored[e.Name()] = true
	}
	for _, state := range states {
		name := snapshotFile(bins, state)
		if !stored[name] {
			continue
		}
		file := filepath.Join(cache, name)
		archive, err := readArchive(file)
		if err != nil {
			// Another command may have dropped it just now.
			if !errors.Is(err, fs.ErrNotExist) {
				dropSnapshot(file, err, log)
			}
			continue
		}
		if err := unpack(ctx, archive, data, f.account); err != nil {
			return "", "", fmt.Errorf("copying a kept data directory: %w", err)
		}
		return state, file, nil
	}
	return "", "", nil
}

func dropSnapshot(file string, reason error, log logger) {
	log.printf("a kept state of the migrations can't be used, and is dropped (%v)", reason)
	os.Remove(file)
}

// store stops the server and puts the state that is to be kept into the cache.
func (t *throwaway) store(s *Server, k *snapshot, log logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	same := false
	err := s.withAdmin(ctx, func(conn *pgx.Conn) error {
		names, err := texts(ctx, conn, "SELECT datname FROM pg_catalog.pg_database WHERE datname NOT IN ('template1', $1, $2)", maintenance, k.db.Name)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := dropDatabase(ctx, conn, name); err != nil {
				return err
			}
		}
		shared, err := sharedObjects(ctx, conn)
		same = shared == k.shared
		return err
	})
	if err != nil || !same {
		return err
	}
	if !t.proc.shutDown(10 * time.Second) {
		return errors.New("the server did not shut down within 10 seconds")
	}
	archive, err := pack(filepath.Join(t.folder.path, "data"))
	if err != nil {
		return err
	}
	cache, err := cacheDir(log)
	if err != nil {
		return err
	}
	file := filepath.Join(cache, snapshotFile(t.bins, k.name))
	if !evict(cache, int64(len(archive))) {
		return nil
	}
	return writeArchive(file, archive)
}

// evict drops the kept states that were not used for the longest time until
// there is room for size bytes more, and says whether there can be.
func evict(cache string, size int64) bool {
	if size > maxSnapshots {
		return false
	}
	type entry struct {
		path string
		info fs.FileInfo
	}
	var all []entry
	paths, _ := filepath.Glob(filepath.Join(cache, snapshotPrefix+"*"))
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil {
			all = append(all, entry{p, info})
			size += info.Size()
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return a.info.ModTime().Compare(b.info.ModTime()) })
	for _, e := range all {
		old := time.Since(e.info.ModTime()) > maxUnused
		if size <= maxSnapshots && !old {
			break
		}
		if os.Remove(e.path) == nil {
			size -= e.info.Size()
		}
	}
	return true
}

// shutDown ends the server in order, its sessions ended, and says whether it did
// so in time.
func (p *process) shutDown(within time.Duration) bool {
	p.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-p.done:
		return true
	case <-time.After(within):
		return false
	}
}
