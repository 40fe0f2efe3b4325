//go:build unix

package devdb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

const (
	superuser   = "postgres"
	maintenance = "postgres"
	// devOwner owns every database on a throwaway server, because migrations may be untrusted code, and a superuser can
	// run programs with COPY ... TO PROGRAM.
	devOwner = "dev_owner"
	devGroup = "dev_owners"
)

// throwawaySettings trade the safety of the data for speed. One transaction may lock the relations of 10,000 tables.
const throwawaySettings = `listen_addresses = ''
unix_socket_permissions = 0700
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
min_wal_size = 2MB
max_wal_size = 256MB
checkpoint_timeout = 1d
log_checkpoints = off
shared_buffers = 32MB
dynamic_shared_memory_type = mmap
max_connections = 100
max_locks_per_transaction = 512
autovacuum = off
jit = off
bgwriter_lru_maxpages = 0
timezone = 'UTC'
log_timezone = 'UTC'
datestyle = 'iso, mdy'
lc_messages = 'C'
lc_monetary = 'C'
lc_numeric = 'C'
lc_time = 'C'
default_text_search_config = 'pg_catalog.english'
`

// throwaway is a running server and its folder.
type throwaway struct {
	bins   binaries
	folder *folder
	proc   *process
}

// startThrowaway starts a server of the major version on a copy of the first of cfg.States that is stored, or else of
// the template.
func startThrowaway(ctx context.Context, major int, cfg Config, log logger) (*Server, error) {
	sweep(log)
	bins, err := find(ctx, major, log)
	if err != nil {
		return nil, err
	}
	cfg.Extensions = allowed(cfg.Extensions, bins.major)
	folder, err := newFolder(ctx, bins)
	if err != nil {
		return nil, fmt.Errorf("creating a folder for the throwaway PostgreSQL: %w", err)
	}
	suffix, err := stateSuffix(ctx, folder, bins, cfg)
	if err != nil {
		folder.remove()
		return nil, fmt.Errorf("reading the extensions of PostgreSQL %s in %s: %w", bins.version, bins.dir, err)
	}
	states := make([]string, len(cfg.States))
	for i, state := range cfg.States {
		states[i] = state + suffix
	}
	s, err := startFrom(ctx, folder, bins, states, newBudget(cfg.Limits), log)
	if err != nil {
		folder.remove()
		return nil, fmt.Errorf("starting a throwaway PostgreSQL %s from %s: %w", bins.version, bins.dir, err)
	}
	s.saves, s.log, s.extensions, s.stateSuffix = cfg.States != nil, log, cfg.Extensions, suffix
	if cache, err := cacheDir(nil); err == nil {
		s.factsFile = filepath.Join(cache, factsFile(bins))
	}
	return s, nil
}

// stateSuffix returns Server.stateSuffix.
func stateSuffix(ctx context.Context, folder *folder, bins binaries, cfg Config) (string, error) {
	if cfg.States == nil || len(cfg.Extensions) == 0 {
		return "", nil
	}
	settings, err := output(ctx, folder.account, folder.path, "", bins.path("initdb"), "--show", "--pgdata="+filepath.Join(folder.path, "data"))
	if err != nil {
		return "", err
	}
	_, share, _ := strings.Cut(settings, "\nshare_path=")
	share, _, ok := strings.Cut(share, "\n")
	if !ok {
		return "", fmt.Errorf("initdb --show printed %q", settings)
	}
	return extensionsKey(cfg.Extensions, filepath.Join(share, "extension"))
}

func startFrom(ctx context.Context, folder *folder, bins binaries, states []string, budget *budget, log logger) (*Server, error) {
	data := filepath.Join(folder.path, "data")
	for len(states) > 0 {
		state, file, err := restore(ctx, bins, folder, data, states, log)
		if err != nil {
			return nil, err
		}
		if state == "" {
			break
		}
		s, err := startIn(ctx, folder, bins, data, budget, log)
		if err == nil {
			s.state = state
			return s, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
		dropSnapshot(file, err, log)
		if err := os.RemoveAll(data); err != nil {
			return nil, err
		}
	}
	if err := copyTemplate(ctx, bins, folder, data, log); err != nil {
		return nil, err
	}
	return startIn(ctx, folder, bins, data, budget, log)
}

// startIn starts the server on the data directory in the folder.
func startIn(ctx context.Context, folder *folder, bins binaries, data string, budget *budget, log logger) (*Server, error) {
	admin, err := socketConfig(folder.path, superuser, maintenance)
	if err != nil {
		return nil, err
	}
	owner, err := socketConfig(folder.path, devOwner, "")
	if err != nil {
		return nil, err
	}
	proc, err := startServer(serverCommand{
		bins: bins, account: folder.account, data: data, sockets: folder.path,
		log: filepath.Join(folder.path, "log"), bound: true,
		settings: []string{fmt.Sprintf("temp_file_limit=%d", budget.limits.tempFiles())},
	})
	if err != nil {
		return nil, err
	}
	t := &throwaway{bins: bins, folder: folder, proc: proc}
	conn, err := proc.await(ctx, admin)
	if err != nil {
		proc.stop(syscall.SIGQUIT)
		return nil, err
	}
	s := &Server{admin: admin, owner: owner, group: devGroup, prefix: "dev_", template: "template1", idle: make(chan *pgx.Conn, 4), budget: budget}
	if s.version, err = versionNum(ctx, conn); err != nil {
		proc.stop(syscall.SIGQUIT)
		return nil, err
	}
	if folder.inMemory && s.version >= 150000 {
		// In memory, copying files takes a third of the time of the default strategy, which uses the write-ahead log.
		// On a disk it takes longer.
		s.create = "STRATEGY file_copy"
		s.clone = s.create
	}
	if budget.limits.Disk > 0 {
		budget.data = data
	}
	s.stop = func() error {
		s.mu.Lock()
		k := s.save
		s.mu.Unlock()
		if k != nil {
			if err := t.store(s, k, log); err != nil {
				log.printf("can't cache the replayed migrations: %v", err)
			}
		}
		return t.stop()
	}
	s.idle <- conn
	return s, nil
}

// stop ends the server immediately, because its data isn't needed, and removes its folder.
func (t *throwaway) stop() error {
	t.proc.stop(syscall.SIGQUIT)
	if err := t.folder.remove(); err != nil {
		return fmt.Errorf("removing the throwaway PostgreSQL's folder: %w", err)
	}
	return nil
}

func versionNum(ctx context.Context, conn *pgx.Conn) (int, error) {
	var num string
	if err := conn.QueryRow(ctx, "SHOW server_version_num").Scan(&num); err != nil {
		return 0, fmt.Errorf("reading the server's version: %w", err)
	}
	return strconv.Atoi(num)
}
