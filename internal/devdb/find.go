package devdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// binaries is a folder with postgres and initdb.
type binaries struct {
	dir     string
	version string // "15.18 (Debian 15.18-0+deb12u1)"
	major   int
}

func (b binaries) path(name string) string { return filepath.Join(b.dir, name) }

// usualDirs are glob patterns for the folders in which packages install the binaries.
var usualDirs = []string{
	"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
	"/usr/pgsql-*/bin",          // RPMs of postgresql.org
	"/usr/libexec/postgresql*",  // Alpine
	"/usr/local/pgsql/bin",      // from source
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// find returns the binaries of the wanted major version: the installed ones, or those of its npm package, or else,
// reported to log, those of the nearest installed version. If major is 0, it returns the newest installed ones. If
// PGBINDIR is set, find looks nowhere else.
func find(ctx context.Context, major int, log logger) (binaries, error) {
	if dir := os.Getenv("PGBINDIR"); dir != "" {
		b, err := probe(ctx, dir)
		if err != nil {
			return binaries{}, fmt.Errorf("looking for PostgreSQL in PGBINDIR: %w", err)
		}
		if b.major < pgsql.OldestMajor {
			return binaries{}, fmt.Errorf("looking for PostgreSQL in PGBINDIR: %s is PostgreSQL %d: %d is the oldest supported", dir, b.major, pgsql.OldestMajor)
		}
		if major != 0 && b.major != major {
			log.printf("PGBINDIR contains PostgreSQL %d: using it instead of %d", b.major, major)
		}
		return b, nil
	}

	var found []binaries
	seen := map[string]bool{}
	for _, dir := range searchDirs(ctx) {
		// On Debian, the PATH has links to programs in another folder.
		if real, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres")); err == nil {
			dir = filepath.Dir(real)
		}
		if seen[dir] {
			continue
		}
		seen[dir] = true
		b, err := probe(ctx, dir)
		if err != nil || b.major < pgsql.OldestMajor {
			continue
		}
		if b.major == major {
			return b, nil
		}
		found = append(found, b)
	}
	if ctx.Err() != nil {
		return binaries{}, context.Cause(ctx)
	}
	why := ""
	if len(found) == 0 || major != 0 {
		b, err := fetch(ctx, major, len(found) > 0, log)
		if err == nil {
			return b, nil
		}
		if ctx.Err() != nil {
			return binaries{}, context.Cause(ctx)
		}
		if errors.Is(err, errNoPackage) {
			err = nil
		}
		if len(found) == 0 {
			return binaries{}, &NotFoundError{Major: major, Err: err}
		}
		if err != nil {
			why = fmt.Sprintf(" and can't be downloaded (%v)", err)
		}
	}
	rank := func(b binaries) int {
		switch {
		case major == 0:
			return -b.major
		case b.major > major:
			return b.major - major
		default:
			return 1000 + major - b.major
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return rank(found[i]) < rank(found[j]) })
	if b := found[0]; major != 0 {
		log.printf("PostgreSQL %d isn't installed%s: using %d instead (%s)", major, why, b.major, b.dir)
	}
	return found[0], nil
}

// searchDirs returns the folders that may contain binaries, the likeliest first.
func searchDirs(ctx context.Context) []string {
	var dirs []string
	if p, err := exec.LookPath("postgres"); err == nil {
		if p, err = filepath.Abs(p); err == nil {
			dirs = append(dirs, filepath.Dir(p))
		}
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	for _, glob := range usualDirs {
		found, _ := filepath.Glob(glob)
		dirs = append(dirs, found...)
	}
	return dirs
}

var versionOutput = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^postgres \(PostgreSQL\) (([0-9]+).*)`) })

// probe checks that a folder has the binaries and runs postgres --version.
func probe(ctx context.Context, dir string) (binaries, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return binaries{}, err
	}
	for _, name := range []string{"postgres", "initdb"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return binaries{}, fmt.Errorf("%s has no program %s", dir, name)
		}
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").CombinedOutput()
	if ctx.Err() != nil {
		return binaries{}, context.Cause(ctx)
	}
	if err != nil {
		return binaries{}, fmt.Errorf("running %s --version: %w: %s", filepath.Join(dir, "postgres"), err, strings.TrimSpace(string(out)))
	}
	m := versionOutput().FindStringSubmatch(string(out))
	if m == nil {
		return binaries{}, fmt.Errorf("%s --version printed %q", filepath.Join(dir, "postgres"), strings.TrimSpace(string(out)))
	}
	major, err := strconv.Atoi(m[2])
	if err != nil {
		return binaries{}, err
	}
	return binaries{dir: dir, version: m[1], major: major}, nil
}

// NotFoundError means that no suitable PostgreSQL is installed.
type NotFoundError struct {
	Major int // the wanted major version; 0 means any
	// Err is why npm could not download it, or nil if there is no npm.
	Err error
}

func (e *NotFoundError) Unwrap() error { return e.Err }

func (e *NotFoundError) Error() string {
	want := fmt.Sprintf("%d or later", pgsql.OldestMajor)
	if e.Major != 0 {
		want = strconv.Itoa(e.Major)
	}
	why := ""
	if e.Err != nil {
		why = fmt.Sprintf(" It can't be downloaded either: %v.", e.Err)
	}
	return fmt.Sprintf(`no PostgreSQL server (%s) is installed: looked in PGBINDIR, PATH, pg_config --bindir and the usual folders.%s Install one:
  Debian, Ubuntu    apt-get install postgresql
  Fedora, RHEL      dnf install postgresql-server
  Alpine            apk add postgresql
  Arch              pacman -S postgresql
  macOS             brew install postgresql
  Linux, macOS      npm (Node.js) on the PATH is enough: it downloads PostgreSQL
or set PGBINDIR to the folder that contains postgres and initdb, or the env's dev to the postgres:// URL of a server whose user has CREATEDB`, want, why)
}
