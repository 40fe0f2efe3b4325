//go:build unix

package devdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// install creates folders whose programs only print their version, and makes find look nowhere else.
func install(t *testing.T, versions ...string) (dirs map[string]string) {
	t.Helper()
	root := t.TempDir()
	dirs = map[string]string{}
	for i, v := range versions {
		dir := filepath.Join(root, fmt.Sprint(i))
		dirs[v] = dir
		program(t, filepath.Join(dir, "postgres"), "echo 'postgres (PostgreSQL) "+v+"'")
		program(t, filepath.Join(dir, "initdb"), "exit 1")
	}
	// Without initdb it isn't a server: client packages have no initdb.
	program(t, filepath.Join(root, "clients", "psql"), "exit 1")
	usual := usualDirs
	usualDirs = []string{filepath.Join(root, "[0-9]*")}
	t.Cleanup(func() { usualDirs = usual })
	t.Setenv("PATH", filepath.Join(root, "clients"))
	t.Setenv("PGBINDIR", "")
	t.Setenv("XDG_CACHE_HOME", filepath.Join(root, "cache"))
	return dirs
}

func program(t *testing.T, path, script string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	dirs := install(t, "15.4 (Debian)", "13.1", "11.9", "17beta1", "16.2")
	for _, test := range []struct {
		major int
		want  string
		log   string
	}{
		{0, "17beta1", ""},
		{13, "13.1", ""},
		{15, "15.4 (Debian)", ""},
		{14, "15.4 (Debian)", "PostgreSQL 14 isn't installed: using 15 instead"},
		{18, "17beta1", "PostgreSQL 18 isn't installed: using 17 instead"},
	} {
		t.Run(fmt.Sprint(test.major), func(t *testing.T) {
			var log strings.Builder
			got, err := find(context.Background(), test.major, func(f string, args ...any) { fmt.Fprintf(&log, f, args...) })
			if err != nil {
				t.Fatal(err)
			}
			if got.version != test.want || got.dir != dirs[test.want] {
				t.Errorf("found %+v, want %s", got, test.want)
			}
			if !strings.HasPrefix(log.String(), test.log) || (test.log == "") != (log.String() == "") {
				t.Errorf("said %q, want %q", log.String(), test.log)
			}
		})
	}
}

func TestFindOrder(t *testing.T) {
	dirs := install(t, "15.1", "15.2", "15.3", "15.4")
	usualDirs = []string{dirs["15.4"]}
	find := func() string {
		t.Helper()
		b, err := find(context.Background(), 15, t.Logf)
		if err != nil {
			t.Fatal(err)
		}
		return b.version
	}
	path := t.TempDir()
	t.Setenv("PATH", path)
	got := []string{find()}
	program(t, filepath.Join(path, "pg_config"), "echo "+dirs["15.3"])
	got = append(got, find())
	if err := os.Symlink(filepath.Join(dirs["15.2"], "postgres"), filepath.Join(path, "postgres")); err != nil {
		t.Fatal(err)
	}
	got = append(got, find())
	t.Setenv("PGBINDIR", dirs["15.1"])
	got = append(got, find())
	if diff := cmp.Diff([]string{"15.4", "15.3", "15.2", "15.1"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFindNothing(t *testing.T) {
	install(t, "11.9")
	_, err := Start(context.Background(), Config{})
	var notFound *NotFoundError
	if !errors.As(err, &notFound) {
		t.Fatalf("error %v, want a NotFoundError", err)
	}
	want := `no PostgreSQL server (12 or later) is installed: looked in PGBINDIR, PATH, pg_config --bindir and the usual folders. Install one:
  Debian, Ubuntu    apt-get install postgresql
  Fedora, RHEL      dnf install postgresql-server
  Alpine            apk add postgresql
  Arch              pacman -S postgresql
  macOS             brew install postgresql
  Linux, macOS      npm (Node.js) on the PATH is enough: it downloads PostgreSQL
or set PGBINDIR to the folder that contains postgres and initdb, or the env's dev to the postgres:// URL of a server whose user has CREATEDB`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestFindBadPGBINDIR(t *testing.T) {
	dirs := install(t, "15.1", "11.9")
	for dir, want := range map[string]string{
		"/nowhere":   "looking for PostgreSQL in PGBINDIR: /nowhere has no program postgres",
		dirs["11.9"]: "looking for PostgreSQL in PGBINDIR: " + dirs["11.9"] + " is PostgreSQL 11: 12 is the oldest supported",
	} {
		t.Setenv("PGBINDIR", dir)
		if _, err := find(context.Background(), 15, nil); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
