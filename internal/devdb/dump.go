package devdb

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// NoDumpError means that no installed pg_dump can read the server.
type NoDumpError struct{ Major int }

func (e *NoDumpError) Error() string {
	return fmt.Sprintf("no pg_dump of PostgreSQL %d or later is installed with the server or on the PATH (Debian, Ubuntu: apt-get install postgresql-client)", e.Major)
}

// Dump returns the database's schema as pg_dump writes it: in UTF-8, without data, owners, tablespaces, publications,
// subscriptions and security labels. The error is a *NoDumpError if no pg_dump fits the server.
func (d *Database) Dump(ctx context.Context) (string, error) {
	program, err := findDump(ctx, d.server.version/10000)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(d.URL())
	if err != nil {
		return "", fmt.Errorf("dumping dev database %s: malformed URL", d.Name)
	}
	env := os.Environ()
	if d.server.base == nil {
		// The environment is about other servers.
		env = slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, "PG") })
	}
	if password, ok := u.User.Password(); ok {
		u.User = url.User(u.User.Username()) // every user can read command lines
		env = append(env, "PGPASSWORD="+password)
	}
	return runDump(ctx, program, env, "--no-publications", "--dbname="+u.String())
}

// runDump runs a pg_dump of a schema and returns its output.
func runDump(ctx context.Context, program string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, append([]string{"--schema-only", "--no-owner", "--no-tablespaces", "--no-subscriptions",
		"--no-security-labels", "--no-password", "--encoding=UTF8"}, args...)...)
	cmd.Env = append(env, "LC_ALL=C")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", fmt.Errorf("running %s: %w: %s", program, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

var dumpVersion = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^pg_dump \(PostgreSQL\) ([0-9]+)`) })

// findDump returns a pg_dump of the major version or of the next later one, because pg_dump refuses newer servers.
func findDump(ctx context.Context, major int) (string, error) {
	dirs := searchDirs(ctx)
	if p, err := exec.LookPath("pg_dump"); err == nil {
		dirs = append(dirs, filepath.Dir(p))
	}
	if dir := os.Getenv("PGBINDIR"); dir != "" {
		dirs = slices.Insert(dirs, 0, dir)
	}
	best, bestMajor := "", 0
	for _, dir := range dirs {
		program, err := exec.LookPath(filepath.Join(dir, "pg_dump"))
		if err != nil {
			continue
		}
		out, err := exec.CommandContext(ctx, program, "--version").Output()
		if err != nil {
			continue
		}
		m := dumpVersion().FindSubmatch(out)
		if m == nil {
			continue
		}
		have, err := strconv.Atoi(string(m[1]))
		switch {
		case err != nil, have < major, best != "" && have >= bestMajor:
			continue
		case have == major:
			return program, nil
		}
		best, bestMajor = program, have
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if best == "" {
		return "", &NoDumpError{Major: major}
	}
	return best, nil
}
