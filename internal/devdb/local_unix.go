//go:build unix

package devdb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"
)

// localName is the name of the local database and of its owner, whatever the project is called, because people type
// URLs with both.
const localName = "local"

// localSettings don't change the defaults of settings that keep data safe.
const localSettings = `listen_addresses = ''
unix_socket_permissions = 0700
timezone = 'UTC'
log_timezone = 'UTC'
`

// localState is the folder of one project's server of one major version:
//
//	data/    the data directory, owned by the server's account
//	run/     the socket's folder, owned by the server's account
//	lock     held exclusively while the server is started or stopped
//	users    held shared by every process that uses the server
//	pinned   exists from Up to Down
//	project  the path of the project's folder
//	log      the server's log
//
// data.new is a data directory that is incomplete or being deleted.
type localState struct {
	dir     string
	run     string // the socket's folder
	major   int
	bins    binaries // unset if the server was running
	majors  []int    // major versions that have data
	project string
	log     logger
}

func (s *localState) path(name string) string { return filepath.Join(s.dir, name) }

func (s *localState) url() (string, error) {
	cfg, err := socketConfig(s.run, localName, localName)
	if err != nil {
		return "", err
	}
	return socketURL(cfg), nil
}

// localBase returns the project's path, and the state folder's up to its major version.
func localBase(cfg LocalConfig, log logger) (project, base string, err error) {
	project, err = filepath.Abs(cfg.Project)
	if err == nil {
		project, err = filepath.EvalSymlinks(project)
	}
	if err != nil {
		return "", "", fmt.Errorf("finding the project's folder: %w", err)
	}
	cache, err := cacheDir(log)
	if err != nil {
		return "", "", fmt.Errorf("choosing a cache folder: %w", err)
	}
	sum := sha256.Sum256([]byte(project))
	return project, filepath.Join(cache, "local", hex.EncodeToString(sum[:6])) + "-", nil
}

// dataDirs returns the data directories of all major versions.
func dataDirs(base string) []string {
	dirs, _ := filepath.Glob(base + "*/data")
	return dirs
}

func hasLocal(cfg LocalConfig) bool {
	_, base, err := localBase(cfg, logger(cfg.Log))
	return err == nil && len(dataDirs(base)) > 0
}

// openLocal finds the state folder, without creating it, and the binaries. It doesn't look for the binaries of a
// running server, because that takes longer than connecting.
func openLocal(ctx context.Context, cfg LocalConfig) (*localState, error) {
	log := logger(cfg.Log)
	project, base, err := localBase(cfg, log)
	if err != nil {
		return nil, err
	}
	s := &localState{project: project, log: log}
	for _, dir := range dataDirs(base) {
		if major, err := strconv.Atoi(strings.TrimPrefix(filepath.Dir(dir), base)); err == nil {
			s.majors = append(s.majors, major)
		}
	}
	s.major = cfg.Major
	if s.major == 0 && len(s.majors) > 0 {
		s.major = slices.Max(s.majors)
	}
	if _, running := serverPID(filepath.Join(base+strconv.Itoa(s.major), "data")); !running {
		if s.bins, err = find(ctx, s.major, log); err != nil {
			return nil, err
		}
		s.major = s.bins.major
	}
	s.dir = base + strconv.Itoa(s.major)
	if s.run = s.path("run"); len(s.run+socketName) > maxSocketPath {
		// Not in TMPDIR, which may be different for the next command.
		sum := sha256.Sum256([]byte(s.dir))
		s.run = "/tmp/ibutsu-local-" + hex.EncodeToString(sum[:6])
	}
	return s, nil
}

func (s *localState) make() error {
	if err := os.MkdirAll(s.dir, 0o711); err != nil {
		return err
	}
	if s.named() {
		return nil
	}
	return os.WriteFile(s.path("project"), []byte(s.project+"\n"), 0o600)
}

// named reports whether the state folder names this project.
func (s *localState) named() bool {
	text, err := os.ReadFile(s.path("project"))
	return err == nil && string(text) == s.project+"\n"
}

// lockFile opens and locks one of the state folder's lock files.
func (s *localState) lockFile(ctx context.Context, name string, how int) (*os.File, error) {
	f, err := os.OpenFile(s.path(name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := awaitLock(ctx, f, how); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func useLocal(ctx context.Context, cfg LocalConfig) (*Instance, error) {
	s, err := openLocal(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return s.use(ctx)
}

// use starts the server if need be and counts its caller as a user.
func (s *localState) use(ctx context.Context) (*Instance, error) {
	if err := s.make(); err != nil {
		return nil, fmt.Errorf("creating the local PostgreSQL's folder: %w", err)
	}
	lock, err := s.lockFile(ctx, "lock", unix.LOCK_EX)
	if err != nil {
		return nil, fmt.Errorf("waiting for the local PostgreSQL: %w", err)
	}
	defer lock.Close()
	// It is only locked exclusively by a process that also holds lock.
	users, err := s.lockFile(ctx, "users", unix.LOCK_SH)
	if err != nil {
		return nil, fmt.Errorf("waiting for the local PostgreSQL: %w", err)
	}
	url, err := s.url()
	if err == nil {
		err = s.ensure(ctx)
	}
	if err != nil {
		s.release(users) // report the first error
		return nil, fmt.Errorf("starting the local PostgreSQL %d in %s: %w", s.major, s.dir, err)
	}
	return &Instance{URL: url, close: sync.OnceValue(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		lock, err := s.lockFile(ctx, "lock", unix.LOCK_EX)
		if err != nil {
			users.Close()
			return fmt.Errorf("stopping the local PostgreSQL: %w", err)
		}
		defer lock.Close()
		_, err = s.release(users)
		return err
	})}, nil
}

// release ends a use, and stops the server if no other process uses it and it isn't pinned. It reports whether the
// server is stopped. The caller holds lock.
func (s *localState) release(users *os.File) (stopped bool, err error) {
	defer users.Close()
	if tryLock(users, unix.LOCK_EX) != nil {
		return false, nil
	}
	if _, err := os.Stat(s.path("pinned")); err == nil {
		return false, nil
	}
	if !stopServer(s.path("data"), syscall.SIGINT, time.Minute) {
		return false, fmt.Errorf("stopping the local PostgreSQL: it is still running after a minute: see its log, %s", s.path("log"))
	}
	// Don't leave an empty folder in /tmp. If it isn't empty, it isn't ours.
	os.Remove(s.run)
	return true, nil
}

// ensure starts the server if it isn't running and creates the local database if it is missing. The caller holds lock.
func (s *localState) ensure(ctx context.Context) error {
	admin, err := socketConfig(s.run, superuser, maintenance)
	if err != nil {
		return err
	}
	data := s.path("data")
	var p *process
	abandon := func() {}
	if _, running := serverPID(data); running {
		// It is pinned, or another command started it, maybe one that was killed.
		p = &process{log: s.path("log"), done: make(chan struct{})}
		watching, stop := context.WithCancel(ctx)
		defer stop()
		go func() {
			for watching.Err() == nil {
				if _, running := serverPID(data); !running {
					close(p.done)
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}()
	} else {
		if s.bins.dir == "" { // it was running in openLocal
			if s.bins, err = find(ctx, s.major, s.log); err != nil {
				return err
			}
			if s.bins.major != s.major {
				return &NotFoundError{Major: s.major}
			}
		}
		account, err := s.prepare(ctx)
		if err != nil {
			return err
		}
		p, err = startServer(serverCommand{bins: s.bins, account: account, data: data, sockets: s.run, log: s.path("log")})
		if err != nil {
			return err
		}
		abandon = func() { p.stop(syscall.SIGINT) }
	}
	conn, err := p.await(ctx, admin)
	if err != nil {
		abandon()
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return createLocal(ctx, conn, admin, s.major)
}

// prepare creates the data directory and the socket's folder if they are missing, and returns the account that owns
// them.
func (s *localState) prepare(ctx context.Context) (account, error) {
	if err := os.Mkdir(s.run, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return account{}, err
	}
	known := accounts()
	if info, err := os.Lstat(s.run); err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 ||
		ownerOf(info) != os.Geteuid() && !slices.ContainsFunc(known, func(a account) bool { return a.owns(info) }) {
		return account{}, errors.Join(fmt.Errorf("%s isn't accessible to this user only", s.run), err)
	}
	data := s.path("data")
	if info, err := os.Stat(data); err == nil {
		for _, a := range known {
			if a.owns(info) {
				return a, a.own(s.run)
			}
		}
		return account{}, fmt.Errorf("the data directory belongs to uid %d, and this user can't run a server as that user", ownerOf(info))
	}
	a, err := choose(ctx, s.run, s.bins)
	if err != nil {
		return account{}, err
	}
	for _, major := range s.majors {
		s.log.printf("keeping the local data of PostgreSQL %d: PostgreSQL %d starts with an empty database", major, s.major)
	}
	// A data directory is complete or missing.
	fresh := s.path("data.new")
	if err := os.RemoveAll(fresh); err != nil {
		return account{}, err
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return account{}, err
	}
	if err := a.own(fresh); err != nil {
		return account{}, err
	}
	args := []string{"--pgdata=" + fresh, "--username=" + superuser, "--auth=trust", "--encoding=UTF8", "--locale=C"}
	if err := run(ctx, a, s.run, "", s.bins.path("initdb"), args...); err != nil {
		return account{}, err
	}
	if err := appendFile(filepath.Join(fresh, "postgresql.conf"), localSettings); err != nil {
		return account{}, err
	}
	return a, os.Rename(fresh, data)
}

// createLocal creates the local database and its owner if they are missing.
func createLocal(ctx context.Context, conn *pgx.Conn, admin *pgx.ConnConfig, major int) error {
	var role, database bool
	err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1),
		EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1)`, localName).Scan(&role, &database)
	if err == nil && !role {
		_, err = conn.Exec(ctx, "CREATE ROLE "+quote(localName)+" LOGIN")
	}
	if err == nil && !database {
		if major < ownPublic {
			// In the template, so that it is in the database from the start.
			err = giveSchema(ctx, admin, "template1", localName)
		}
		if err == nil {
			_, err = conn.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s OWNER %[1]s", quote(localName)))
		}
	}
	if err != nil {
		return fmt.Errorf("creating the database %s: %w", localName, err)
	}
	return nil
}

func pinLocal(ctx context.Context, cfg LocalConfig) (string, error) {
	s, err := openLocal(ctx, cfg)
	if err != nil {
		return "", err
	}
	i, err := s.use(ctx)
	if err != nil {
		return "", err
	}
	err = os.WriteFile(s.path("pinned"), nil, 0o600)
	return i.URL, errors.Join(err, i.Close())
}

func unpinLocal(ctx context.Context, cfg LocalConfig) (bool, error) {
	s, err := openLocal(ctx, cfg)
	if err != nil {
		return false, err
	}
	if _, err := os.Stat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	lock, err := s.lockFile(ctx, "lock", unix.LOCK_EX)
	if err != nil {
		return false, fmt.Errorf("waiting for the local PostgreSQL: %w", err)
	}
	defer lock.Close()
	return s.unpin()
}

// unpin undoes Up and reports whether the server is stopped. The caller holds lock.
func (s *localState) unpin() (stopped bool, err error) {
	if err := os.Remove(s.path("pinned")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	users, err := os.OpenFile(s.path("users"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, err
	}
	return s.release(users)
}

func resetLocal(ctx context.Context, cfg LocalConfig) (string, error) {
	s, err := openLocal(ctx, cfg)
	if err != nil {
		return "", err
	}
	info, err := os.Lstat(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if !info.IsDir() || ownerOf(info) != os.Geteuid() || !s.named() {
		return "", fmt.Errorf("%s may not be the folder of this project's local PostgreSQL: check it, and delete it by hand", s.dir)
	}
	lock, err := s.lockFile(ctx, "lock", unix.LOCK_EX)
	if err != nil {
		return "", fmt.Errorf("waiting for the local PostgreSQL: %w", err)
	}
	defer lock.Close()
	return s.reset()
}

// reset stops the server, deletes its data and returns the path. The caller holds lock, so that no process begins to
// use the server meanwhile.
func (s *localState) reset() (deleted string, err error) {
	data := s.path("data")
	info, err := os.Lstat(data)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	version, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if !info.IsDir() || err != nil || strings.TrimSpace(string(version)) != strconv.Itoa(s.major) {
		return "", fmt.Errorf("%s may not be a data directory of PostgreSQL %d: check it, and delete it by hand", data, s.major)
	}
	stopped, err := s.unpin()
	if err != nil {
		return "", err
	}
	if !stopped {
		return "", errors.New("other commands are using the local PostgreSQL: try again when they have finished")
	}
	// An os.Root doesn't follow links out of it.
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	// A data directory is complete or missing.
	const leaving = "data.new"
	if err := root.RemoveAll(leaving); err != nil {
		return "", err
	}
	if err := root.Rename("data", leaving); err != nil {
		return "", err
	}
	return data, root.RemoveAll(leaving)
}

func localURL(ctx context.Context, cfg LocalConfig) (string, bool, error) {
	s, err := openLocal(ctx, cfg)
	if err != nil {
		return "", false, err
	}
	url, err := s.url()
	_, running := serverPID(s.path("data"))
	return url, running, err
}
