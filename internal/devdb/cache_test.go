//go:build unix

package devdb

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommittedCache refuses a cache folder that is committed to a repository, by its own path or through a link.
func TestCommittedCache(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name string
		make func(t *testing.T, repository, cache string) // before the commit
		want string
	}{
		{"nothing", func(*testing.T, string, string) {}, ""},
		{"a file next to it", func(t *testing.T, _, cache string) {
			try(os.MkdirAll(cache, 0o755))
			try(os.WriteFile(filepath.Join(cache, ".gitkeep"), nil, 0o644))
		}, ""},
		{"a program", func(t *testing.T, _, cache string) {
			try(os.MkdirAll(filepath.Join(cache, "ibutsu-schema", "postgres-x", "bin"), 0o755))
			try(os.WriteFile(filepath.Join(cache, "ibutsu-schema", "postgres-x", "bin", "postgres"), []byte("#!/bin/sh"), 0o755))
		}, ".cache/ibutsu-schema/postgres-x/bin/postgres"},
		{"a link in its place", func(t *testing.T, _, cache string) {
			try(os.MkdirAll(cache, 0o755))
			try(os.Symlink(t.TempDir(), filepath.Join(cache, "ibutsu-schema")))
		}, ".cache/ibutsu-schema"},
		{"a link on the way", func(t *testing.T, _, cache string) { try(os.Symlink(t.TempDir(), cache)) }, ".cache"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			repository := t.TempDir()
			cache := filepath.Join(repository, ".cache")
			tt.make(t, repository, cache)
			for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"commit", "-q", "--allow-empty", "-m", "x"}} {
				cmd := exec.Command("git", append([]string{"-C", repository, "-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			}
			t.Setenv("XDG_CACHE_HOME", cache)
			dir, err := cacheDir(nil)
			if tt.want == "" {
				// Files that aren't committed are from an earlier run.
				try(err)
				try(os.WriteFile(filepath.Join(dir, "template"), nil, 0o600))
				_, err = cacheDir(nil)
				try(err)
				return
			}
			if err == nil || !strings.HasSuffix(err.Error(), "has "+tt.want+" committed: set XDG_CACHE_HOME to a folder outside the repository") {
				t.Errorf("%s, %v", dir, err)
			}
		})
	}
	// The user's own link is followed.
	repository, elsewhere := t.TempDir(), t.TempDir()
	if out, err := exec.Command("git", "-C", repository, "init", "-q").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	try(os.Symlink(elsewhere, filepath.Join(repository, ".cache")))
	t.Setenv("XDG_CACHE_HOME", filepath.Join(repository, ".cache"))
	_, err := cacheDir(nil)
	try(err)
}
