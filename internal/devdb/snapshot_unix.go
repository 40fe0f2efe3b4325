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

// maxSnapshots is the size limit in bytes of all snapshots in the cache together.
var maxSnapshots int64 = 256 << 20

const snapshotPrefix = "kept-"

// snapshotFile returns the name of a state's archive. Like the template, it is specific to the binaries and settings.
func snapshotFile(bins binaries, state string) string {
	return snapshotPrefix + serverKey(bins) + "-" + strings.TrimPrefix(snapshotDatabase(state), "kept_") + ".tar"
}

// restore creates the data directory from the first state that is stored, and returns the state's name, or "" if none
// is. It drops damaged archives.
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
			// Another command may have just dropped it.
			if !errors.Is(err, fs.ErrNotExist) {
				dropSnapshot(file, err, log)
			}
			continue
		}
		if err := unpack(ctx, archive, data, f.account); err != nil {
			return "", "", fmt.Errorf("copying a cached data directory: %w", err)
		}
		return state, file, nil
	}
	return "", "", nil
}

func dropSnapshot(file string, reason error, log logger) {
	log.printf("dropping the unusable cache of replayed migrations (%v)", reason)
	os.Remove(file)
}

// store shuts down the server and stores the snapshot in the cache, unless roles have changed since it was taken.
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
	if archive, err = compress(archive); err != nil {
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

// evict drops the least recently used snapshots until another size bytes fit, and reports whether they can fit at all.
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

// shutDown requests a fast shutdown and reports whether it completed in time.
func (p *process) shutDown(within time.Duration) bool {
	p.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-p.done:
		return true
	case <-time.After(within):
		return false
	}
}
